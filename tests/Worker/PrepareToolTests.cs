using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>What a sweep's names stand for, found out before anything runs.</summary>
public sealed class PrepareToolTests : IDisposable
{
    private const string Cue = "Let's think step by step.";
    private readonly TinyPack _pack = new();

    public PrepareToolTests()
    {
        File.WriteAllText(_pack["questions.jsonl"], Lines(("What is 1+1?", "2"), ("What is 2+2?", "4"), ("What is 3+3?", "6")));
        File.WriteAllText(_pack["copy.jsonl"], File.ReadAllText(_pack["questions.jsonl"]));
        File.WriteAllText(_pack["again.json"], """[{"instruction": "What is  1+1?", "output": "2"}, {"instruction": "What is 2+2?", "output": "4"}, {"instruction": "Who?", "output": "me"}]""");
        File.WriteAllText(_pack["cot.tsv"], $"Is it so?\tno\tBecause.\nIs it? {Cue}\tyes\tIt is.\n");
        File.WriteAllText(_pack["shots.jsonl"], Lines(("What is 9+9?", "18"), ("What is 8+8?", "16")));
    }

    public void Dispose() => _pack.Dispose();

    private static string Lines(params (string Question, string Answer)[] rows) => string.Join('\n', rows.Select(row => new JsonObject { ["question"] = row.Question, ["answer"] = row.Answer }.ToJsonString()));

    private SpecFacts Facts(string data, int cutoff = 200, (string Option, JsonNode Value)? more = null, Func<SweepSpec, SweepSpec>? change = null)
    {
        var spec = SweepDocument.ParseValid($$"""
            name: s
            models: [{ name: tiny, path: tiny }]
            peft: lora
            data: {{data}}
            cot: [none, "{{Cue}}"]
            template: plain
            training: { cutoff_len: {{cutoff}} }
            decoding: { max_new_tokens: 4 }
            evaluation:
              - { name: asked, suite: exact-match, few_shot: 1, options: { file: questions.jsonl, few_shot_file: shots.jsonl } }
              - { name: sums, suite: goat-arithmetic, limit: 3, options: { digits: [1, 2] } }
            """);
        var options = new JsonObject { ["base_directory"] = _pack[""], ["spec"] = JsonSerializer.SerializeToNode(change is null ? spec : change(spec), Frames.Json) };
        if (more is { } option) options[option.Option] = option.Value;
        return _pack.Ask("prepare", options).Document.Deserialize<SpecFacts>(Frames.Json)!;
    }

    /// <summary>The mixes may be asked for one by one, and the rest without them: together they are the same facts.</summary>
    [Fact]
    public void Prepare_InParts_IsTheSameAsTheWhole()
    {
        const string Data = "[{ name: d, sources: [{ path: again.json }] }, { name: e, sources: [{ path: cot.tsv }] }]";
        var whole = Facts(Data);
        var rest = Facts(Data, more: ("without_mixes", true));
        Assert.Empty(rest.Mixes);
        // How fast the machine is, each measures for itself.
        Assert.Equal(JsonSerializer.Serialize(whole with { Mixes = [], Machine = null }, Frames.Json), JsonSerializer.Serialize(rest with { Machine = null }, Frames.Json));
        Assert.Equal(["d", "e"], whole.Mixes.Select(mix => mix.Data));
        foreach (var mix in whole.Mixes)
        {
            var alone = Facts(Data, more: ("mix", mix.Data));
            Assert.Equal(JsonSerializer.Serialize(mix, Frames.Json), JsonSerializer.Serialize(Assert.Single(alone.Mixes), Frames.Json));
            Assert.Empty(alone.Models.Select(model => model.Name).Concat(alone.Data.Select(data => data.Name)));
        }
    }

    /// <summary>Preparing a mix takes as long as reading and tokenising it: what no trial trains on waits for nobody.</summary>
    [Fact]
    public void Prepare_PairThatTheGridDoesNotHold_IsNotPrepared()
    {
        const string Data = "[{ name: d, sources: [{ path: again.json }] }, { name: e, sources: [{ path: cot.tsv }] }]";
        SweepSpec Two(SweepSpec spec) => spec with { Models = [.. spec.Models, spec.Models[0] with { Name = "other" }], Exclude = [new AxisMatch(new Dictionary<string, IReadOnlyList<string>> { ["model"] = ["other"], ["data"] = ["d"] })] };
        Assert.Equal(["tiny d", "tiny e", "other e"], Facts(Data, change: Two).Mixes.Select(mix => $"{mix.Model} {mix.Data}"));
    }

    private LeakFacts[] Leaks(string source) => [.. Facts($"[{{ name: d, sources: [{source}] }}]").Data[0].Sources[0].Leaks];

    [Theory]
    [InlineData("questions.jsonl")]
    [InlineData("copy.jsonl")]
    public void Prepare_TheEvaluationsOwnFile_IsRecognisedWhateverItsName(string file) => Assert.Equal([new LeakFacts("asked", file, 3, 3)], Leaks($"{{ path: {file} }}"));

    [Fact]
    public void Prepare_QuestionsAmongOtherRows_AreCounted() => Assert.Equal([new LeakFacts("asked", null, 2, 3)], Leaks("{ path: again.json }"));

    [Theory]
    [InlineData("{ path: shots.jsonl }")]
    [InlineData("{ path: cot.tsv }")]
    [InlineData("{ goat: { digits: [1, 2], count: 20 } }")]
    public void Prepare_OtherRows_AreNoLeak(string source) => Assert.Empty(Leaks(source));

    [Fact]
    public void Prepare_HeldOutQuestionsOfTheGenerator_AreTheEvaluationsOwn()
        => Assert.Equal(("sums", "goat with split: held_out"), Leaks("{ goat: { digits: [2, 3], count: 20, split: held_out } }") is [var leak] ? (leak.Evaluation, leak.File) : default);

    [Fact]
    public void Prepare_Cues_AreCountedApartFromThoseThatRowsBring()
    {
        var facts = Facts("[{ name: plain, sources: [cot.tsv] }, { name: drawn, sources: [cot.tsv], training_cue: flan }, { name: told, sources: [cot.tsv], training_cue: \"Think hard.\", cot: answer }]");
        Assert.All(facts.Data, data => Assert.Equal([(Cue, 1L)], data.Sources[0].Cues.Select(cue => (cue.Key, cue.Value))));
        Assert.Equal([0, 2, 2], facts.Mixes.Select(mix => mix.Cues.Values.Sum()));
        Assert.Equal("Think hard.", Assert.Single(facts.Mixes[2].Cues).Key);
    }

    [Fact]
    public void Prepare_Mix_TellsItsRowsAndTokens()
    {
        var mix = Assert.Single(Facts("[{ name: d, sources: [{ path: cot.tsv, weight: 2 }, again.json] }]").Mixes);
        Assert.Equal((5L, 7L), (mix.Rows, mix.Examples));
        Assert.InRange(mix.SupervisedTokens, 1, mix.Tokens - 1);
    }

    /// <summary>A template of the model's own is looked for in each model's folder; where there is none, that mix says so and all else is told as ever.</summary>
    [Fact]
    public void Prepare_ChatTemplates_AreTheModelsOwnOrNamed()
    {
        const string Data = "[{ name: own, sources: [cot.tsv], template: chat }, { name: named, sources: [cot.tsv], template: chat:chatml }]";
        var none = Facts(Data);
        Assert.Contains("brings no chat template", none.Mixes[0].Error, StringComparison.Ordinal);
        Assert.Equal((null, 2L), (none.Mixes[1].Error, none.Mixes[1].Kept));
        File.WriteAllText(Path.Combine(_pack["models/tiny"], "chat_template.jinja"), "{% for m in messages %}{{ m.content }};{% endfor %}");
        var own = Facts(Data);
        Assert.Equal((null, 2L), (own.Mixes[0].Error, own.Mixes[0].Kept));
        Assert.NotEqual(own.Models[0].ChatTemplateHash, none.Models[0].ChatTemplateHash);
        Assert.Equal([TemplateNames.Chat, own.Data[1].TemplateHash], none.Data.Select(data => data.TemplateHash));
        Assert.Equal(TemplateNames.Known, own.KnownTemplates);
    }

    [Fact]
    public void Prepare_MatchedMixes_DropTheSameRows()
    {
        File.WriteAllText(_pack["long.tsv"], $"{new string('x', 40)}\tno\tBecause.\nIs it?\tyes\tIt is.\n");
        var facts = Facts($"[{{ name: a, sources: [long.tsv], cot: answer, match: rows }}, {{ name: b, sources: [long.tsv], training_cue: \"{Cue}\", match: rows }}, {{ name: c, sources: [long.tsv], cot: answer }}]", cutoff: 60);
        Assert.Equal([("a", 1L), ("b", 1L), ("c", 2L)], facts.Mixes.Select(mix => (mix.Data, mix.Kept)));
        Assert.Equal(1, facts.Mixes[0].Dropped["Unmatched"]);
    }
}
