using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Specs;

public sealed class SweepDocumentTests
{
    [Fact]
    public void Parse_DocumentedExample_ReadsEveryPart()
    {
        var document = SweepDocument.Parse(SweepFiles.Example);

        Assert.Empty(document.Remarks);
        var spec = document.Spec;
        Assert.Equal("cot-study", spec.Name);
        Assert.Equal([0, 1, 2], spec.Seeds);
        Assert.Equal(["llama-nano", "tall-nano"], spec.Models.Select(m => m.Name));
        Assert.Equal("fp32", spec.LoadOf(spec.Models[1]));
        Assert.Equal("bf16", spec.LoadOf(spec.Models[0]));
        Assert.Equal("""{"lora_alpha":16,"r":8,"target_modules":["q_proj","v_proj"]}""", System.Text.Json.JsonSerializer.Serialize(spec.Peft[0].Options));
        Assert.Equal(3e-3, spec.Peft[1].LearningRate);
        Assert.Equal(["alpaca", "cot"], spec.Data[1].Sources.Select(s => s.Set));
        Assert.Equal((2.0, 20000), (spec.Data[1].Sources[1].Weight, spec.Data[1].Sources[1].Limit!.Value));
        Assert.Equal([null, "Let's think step by step."], spec.Cot.Select(c => c.Cue));
        Assert.Equal((3.0, 16, 512, "bf16"), (spec.Training.Epochs, spec.Training.BatchSize, spec.Training.CutoffLen, spec.Training.Precision));
        Assert.Equal(("goat-arithmetic", 200, 0), (spec.Evaluation[0].Name, spec.Evaluation[0].Limit!.Value, spec.Evaluation[0].FewShot));
    }

    [Fact]
    public void Parse_ScalarsForLists_StandForListsOfOne()
    {
        var spec = SweepDocument.ParseValid("name: a\nmodels: models/llama-nano-1.5/\npeft: ia3\ndata: rows/my rows.jsonl\ncot: Think first.\nseeds: 7\nevaluation: perplexity");

        Assert.Equal(("llama-nano-1.5", "models/llama-nano-1.5/"), (spec.Models[0].Name, spec.Models[0].Path));
        Assert.Equal(("my-rows", "rows/my rows.jsonl"), (spec.Data[0].Name, spec.Data[0].Sources[0].Path));
        Assert.Equal(("cue", "Think first."), (spec.Cot[0].Name, spec.Cot[0].Cue));
        Assert.Equal([7], spec.Seeds);
        Assert.Equal("perplexity", spec.Evaluation[0].Suite);
    }

    [Fact]
    public void Parse_ValuesWithoutNames_GetUniqueOnes()
    {
        var spec = SweepDocument.ParseValid("""
            name: a
            models: [a/x, b/x, { name: x-2, path: c/y }]
            peft: [{ method: lora, r: 4 }, { method: lora, r: 8 }, { method: lora, r: 8, alpha: 32 }]
            data: [alpaca]
            """);

        Assert.Equal(["x", "x-3", "x-2"], spec.Models.Select(m => m.Name));
        Assert.Equal(["lora-r4", "lora-r8", "lora-r8-2"], spec.Peft.Select(p => p.Name));
    }

    [Fact]
    public void Parse_ManyMistakes_ReportsAllAtOnceWithPlaceAndFix()
    {
        var errors = SweepFiles.ErrorsOf("""
            name: bad name
            sedes: [0]
            models:
              - { path: models/a, nmae: x }
              - { path: models/b, hub: owner/b }
            peft:
              - { method: lora, r: 0, alpha: "16", rank: 8 }
              - { method: loar }
              - { method: boft, num_virtual_tokens: 20 }
            data: [{ source: [alpaca] }]
            training: { epochs: -1, batchsize: 4, precision: fp16, learning_rate: fast }
            """);

        string[] expected =
        [
            "line 1, column 7: name: 'bad name' cannot name a folder",
            "line 2, column 1: sedes: unknown key; did you mean 'seeds'?",
            "line 4, column 23: models[0].nmae: unknown key; did you mean 'name'?",
            "line 5, column 5: models[1]: has both path and hub",
            "line 7, column 24: peft[0].r: must be from 1 to 4096, and is 0",
            "line 7, column 34: peft[0].alpha: must be a number, and is the text \"16\"; write 16 without quotes",
            "line 7, column 40: peft[0].rank: unknown key; did you mean 'r'?",
            "line 8, column 15: peft[1].method: PEFT method 'loar' is not known; did you mean 'lora'?",
            "line 9, column 15: peft[2].method: PEFT method 'boft' is not built yet; built are ",
            "line 10, column 8: data[0].sources: this key is missing",
            "line 10, column 10: data[0].source: unknown key; did you mean 'sources'?",
            "line 11, column 21: training.epochs: must be above 0",
            "line 11, column 25: training.batchsize: unknown key; did you mean 'batch_size'?",
            "line 11, column 50: training.precision: 'fp16' is not built yet (bf16 needs no loss scaling); built are bf16, fp32, int8, llm-int8, w8a8, nf4, nf4-single, fp4, fp4-single",
            "line 11, column 71: training.learning_rate: must be a number, and is 'fast'",
        ];
        Assert.Equal(expected.Length, errors.Count);
        Assert.All(expected, (line, i) => Assert.StartsWith(line, errors[i].ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void Parse_BaseInFewerBits_PerModelOrForAll(string load)
    {
        Assert.Empty(SweepFiles.ErrorsOf(SweepFiles.Example.Replace("load: fp32", "load: " + load, StringComparison.Ordinal)));
        Assert.Empty(SweepFiles.ErrorsOf(SweepFiles.Example.Replace("precision: bf16", "precision: " + load, StringComparison.Ordinal)));
    }

    [Fact]
    public void Parse_WhatIsNotBuiltYet_IsTheOnlyThingRefused()
    {
        var errors = SweepFiles.ErrorsOf(SweepFiles.Example.Replace("load: fp32", "load: int4", StringComparison.Ordinal)
            + "\nsearch: { scheduler: asha, reduction: 3, grace_steps: 50, metric: goat-arithmetic/exact_match, mode: max }");

        Assert.Equal(["models[1].load", "search"], errors.Select(e => e.Path));
        Assert.All(errors, e => Assert.Contains("not built yet", e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("training: { lr: 1 }", "learning_rate")]
    [InlineData("training: { num_train_epochs: 1 }", "epochs")]
    [InlineData("training: { per_device_train_batch_size: 1 }", "batch_size")]
    [InlineData("training: { max_grad_norm: 1 }", "clip")]
    [InlineData("decoding: { max_tokens: 1 }", "max_new_tokens")]
    [InlineData("evaluation: [{ suite: a, num_fewshot: 1 }]", "few_shot")]
    [InlineData("excludes: []", "exclude")]
    public void Parse_NamesOfOtherTools_AreSuggestedRight(string line, string meant)
        => Assert.Equal($"did you mean '{meant}'?", SweepFiles.OnlyErrorOf(SweepFiles.Smallest + "\n" + line).Fix);

    [Theory]
    [InlineData("training: { gradient_accumulation: 32 }", "cannot exceed batch_size")]
    [InlineData("training: { warmup_ratio: 0.1, warmup_steps: 5 }", "exclude each other")]
    [InlineData("training: { schedule: constant, warmup_steps: 5 }", "no warm-up")]
    [InlineData("training: { schedule: reduce_lr_on_plateau }", "not built yet")]
    [InlineData("decoding: { temperature: 0.7 }", "no effect on greedy")]
    [InlineData("decoding: { strategy: beam }", "by either strategy")]
    [InlineData("search: { scheduler: asha, metric: m/x }\nevaluation: m", "search is not built yet")]
    [InlineData("seeds: [1, 1]", "given twice")]
    [InlineData("seeds: [-1]", "a seed must be")]
    [InlineData("seeds: []", "must not be an empty list")]
    [InlineData("evaluation: [{ suite: a, name: x }, { suite: b, name: X }]", "already taken in line 5")]
    [InlineData("name: again", "given twice")]
    [InlineData("exclude: [{ model: nono }]", "the axis has no value 'nono'")]
    [InlineData("exclude: [{ model: nano }]", "leave no trial")]
    [InlineData("training: 7", "must be a mapping")]
    [InlineData("cot: [{ name: a, when: { cot: a } }]", "its own axis")]
    [InlineData("training: { epochs: .nan }", "must be a number")]
    [InlineData("training: { cutoff_len: 99999999999999 }", "must be from 8 to")]
    public void Parse_OneMistake_IsTheOnlyError(string line, string message)
        => Assert.Contains(message, SweepFiles.OnlyErrorOf(SweepFiles.Smallest + "\n" + line).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment")]
    [InlineData("[]")]
    [InlineData("name: [")]
    [InlineData("a: *nothing")]
    [InlineData("\t- x")]
    [InlineData("name: a\n---\nname: b")]
    [InlineData("? [a]\n: b")]
    public void Parse_NoSweepAtAll_IsAnErrorAndNoException(string yaml) => Assert.NotEmpty(SweepFiles.ErrorsOf(yaml));

    [Fact]
    public void Parse_NestedWithoutEnd_IsAnErrorAndNoException()
        => Assert.Contains("nested deeper", SweepFiles.OnlyErrorOf("name: " + new string('[', 30_000)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_MissingSections_AreNamedWithWhatToWrite()
    {
        var errors = SweepFiles.ErrorsOf("description: nothing else");
        Assert.Equal(["data", "models", "name", "peft"], errors.Select(e => e.Path).Order(StringComparer.Ordinal));
        Assert.All(errors, e => Assert.StartsWith("add ", e.Fix, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_FewSeeds_IsAdviceAndNoError()
    {
        var document = SweepDocument.Parse(SweepFiles.Smallest + "\nseeds: [0, 1]\nevaluation: x");
        Assert.True(document.IsValid);
        Assert.Contains("say nothing", Assert.Single(document.Remarks).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnchorsAndAliases_AreFollowed()
    {
        var spec = SweepDocument.ParseValid("name: a\nmodels: m/a\npeft: [{ name: x, method: lora, targets: &t [q_proj] }, { name: y, method: ia3, targets: *t }]\ndata: alpaca");
        Assert.All(spec.Peft, p => Assert.Equal("[\"q_proj\"]", p.Options["target_modules"].GetRawText()));
    }

    [Fact]
    public void Write_AnySpec_IsReadBackEqual()
    {
        var spec = SweepDocument.ParseValid("""
            name: all
            description: "every part, with a quote \" and 中文"
            seeds: [3, 1, 4]
            models: [{ name: a, path: m/a }, { name: b, hub: o/b, revision: v2, load: bf16 }]
            peft:
              - { name: x, method: lora, targets: all-linear, rslora: true, dropout: 0.1, rank_pattern: { q_proj: 4 }, layers: [0, 2], init: gaussian, learning_rate: 1e-4 }
              - { name: y, method: ia3, when: { model: [a] } }
            data: [{ name: d, sources: [alpaca, { path: x.jsonl, seed: 4, cot: answer, training_cue: Think. }, { goat: { digits: [1, 3], noise: true, operations: [add] } }, goat], language: zh, cot: answer }]
            cot: [none, "Think."]
            training: { max_steps: 10, warmup_steps: 2, clip: 0, train_on_prompt: true, weight_decay: 0.01, schedule: cosine }
            decoding: { strategy: sample, temperature: 0.7, top_p: 0.9, top_k: 40 }
            evaluation: [{ suite: s, name: one, options: { digits: 2 } }, s]
            exclude: [{ model: b, seed: [1, 4] }]
            include: [{ peft: y, model: b, seed: 3 }]
            """);

        var text = SweepSpecJson.Write(spec);
        Assert.Equal(text, SweepSpecJson.Write(SweepDocument.ParseValid(text)));
        Assert.Equal(0, spec.Training.Clip);
    }
}
