using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

/// <summary>Settings of methods that cannot work: one error each, before a weight is read.</summary>
public sealed class MethodFaultTests
{
    [Theory]
    [InlineData("{ method: lora, r: 0 }", "r")]
    [InlineData("{ method: adalora, init_r: 0, total_step: 100 }", "init_r")]
    [InlineData("{ method: adalora }", "total_step is missing")]
    [InlineData("{ method: adalora, total_step: 100, tinit: 60, tfinal: 40 }", "leave no steps of 100")]
    [InlineData("{ method: prefix, virtual_tokens: 0 }", "virtual_tokens")]
    [InlineData("{ method: prefix, virtual_tokens: 512 }", "512 virtual tokens leave no room in base's context of 512 tokens")]
    [InlineData("{ method: prompt, virtual_tokens: 4096 }", "4096 virtual tokens leave no room")]
    [InlineData("{ method: p_tuning, virtual_tokens: 513 }", "513 virtual tokens leave no room")]
    [InlineData("{ method: prompt, prompt_init: TEXT }", "needs init_text")]
    [InlineData("{ method: adapter_h, scaling: much }", "neither a number nor 'learned'")]
    [InlineData("{ method: adapter_p, targets: [nowhere_proj] }", "no projection 'nowhere_proj'")]
    [InlineData("{ method: freeze, trainable_layers: 0 }", "0 blocks leave nothing to train")]
    [InlineData("{ method: freeze }", "2 blocks are more than the 1 that the model has; method: full trains them all (base)")]
    [InlineData("{ method: freeze, trainable_layers: 1, trainable_modules: [attention] }", "the blocks have no module 'attention'; theirs are self_attn, norm")]
    [InlineData("{ method: freeze, trainable_layers: 1, extra_modules: [lm_head] }", "there is no module 'lm_head' outside the blocks; there are embed_tokens")]
    [InlineData("{ method: full, r: 4 }", "r")]
    [InlineData("{ method: vera, bias: lora_only, targets: [q_proj] }", "'lora_only' is not known")]
    [InlineData("{ method: ia3, targets: [q_proj], modules_to_save: [lm_haed] }", "base has no module 'lm_haed'; it has ")]
    [InlineData("{ method: lora, init: pissa_niter_ }", "'pissa_niter_' is not known")]
    [InlineData("{ method: lora, dora: true, init: pissa_niter_4 }", "dora and init: pissa do not go together")]
    [InlineData("{ method: pissa, r: 4096, targets: [q_proj] }", "pissa takes 4096 components of base's ")]
    [InlineData("{ method: ln_tuning, targets: [norm, ln_1] }", "base has no norm 'ln_1'; its norms are norm")]
    [InlineData("{ method: ln_tuning, targets: all-linear }", "'all-linear' matches no norm of base")]
    [InlineData("{ method: ln_tuning, targets: layers.0.norm.* }", "'layers.0.norm.*' matches no norm of base; its norms are norm, and it must match a whole path, such as model.layers.0.norm")]
    [InlineData("{ method: last_layers }", "it is method: freeze")]
    public void Validate_SettingThatCannotWork_OneError(string peft, string says)
    {
        var error = Assert.Single(Validate(peft), remark => remark.Severity == SpecSeverity.Error);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The option that is to be mended is named, on its own line, by whichever of its names it was given.</summary>
    [Theory]
    [InlineData("adalora", "total_step: 100", "t_init: 2147483647", "tfinal: 3")]
    [InlineData("adalora", "total_steps: 100", "tinit: 100")]
    [InlineData("adalora", "t_init: 1", "t_final: 2147483647", "total_step: 2147483647")]
    [InlineData("adalora", "tinit: 3", "tfinal: 97", "total_steps: 100")]
    [InlineData("prefix", "projection: true", "num_virtual_tokens: 512")]
    [InlineData("prefix", "projection: true", "virtual_tokens: 512")]
    [InlineData("lora", "r: 4", "target_modules: [nowhere_proj]")]
    [InlineData("lora", "r: 4", "targets: .*nowhere")]
    [InlineData("ln_tuning", "name: norms", "targets: [nowhere]")]
    public void Validate_OptionThatCannotWork_IsNamedOnItsLine(string method, string before, string wrong, string after = "learning_rate: 0.001")
    {
        var error = Assert.Single(Validate($"\n    method: {method}\n    {before}\n    {wrong}\n    {after}\n"), remark => remark.Severity == SpecSeverity.Error);
        Assert.Equal(("peft[0]." + wrong.Split(':')[0], 8), (error.Path, error.Line));
    }

    [Theory]
    [InlineData("{ method: prefix, virtual_tokens: 20, projection: true }")]
    [InlineData("{ method: lora, init: pissa_niter_16, bias: all, modules_to_save: [embed_tokens, norm] }")]
    [InlineData("{ method: pissa, init: pissa_niter_8, bias: lora_only, targets: [q_proj] }")]
    [InlineData("{ method: prompt, modules_to_save: [norm] }")]
    [InlineData("{ method: ln_tuning }")]
    [InlineData("{ method: ln_tuning, targets: [norm] }")]
    [InlineData("{ method: ln_tuning, targets: .*norm }")]
    [InlineData("{ method: full, learning_rate: 1.0e-5 }")]
    [InlineData("{ method: freeze, trainable_layers: -1, trainable_modules: [self_attn], extra_modules: [embed_tokens] }")]
    [InlineData("{ method: prompt, prompt_init: TEXT, init_text: Classify the text }")]
    [InlineData("{ method: p_tuning, encoder: LSTM }")]
    [InlineData("{ method: adapter_parallel, bottleneck_size: 32, scaling: learned }")]
    [InlineData("{ method: adalora, total_step: 100, tinit: 10, tfinal: 20, targets: [q_proj] }")]
    public void Validate_SettingThatWorks_NoError(string peft) => Assert.DoesNotContain(Validate(peft), remark => remark.Severity == SpecSeverity.Error);

    [Theory]
    [InlineData("epochs: 1", 100, "total_step 100 is not the 25 optimiser steps of this training: the ranks do not fall to target_r before it ends")]
    [InlineData("max_steps: 30", 20, "total_step 20 is not the 30 optimiser steps of this training: the ranks are final before it ends")]
    [InlineData("epochs: 1", 25, null)]
    public void Validate_AdaLorasStepsAgainstTheTrainings_Advice(string steps, int totalStep, string? says)
    {
        var document = SweepDocument.Parse($"name: a\nseeds: [0, 1, 2]\nmodels: m\npeft: [{{ method: adalora, total_step: {totalStep} }}]\ndata: d\ntraining: {{ {steps}, batch_size: 4 }}");
        var advice = SpecValidator.Validate(document, new SpecFacts { Mixes = [new MixFacts { Model = "m", Data = "d", Examples = 100, Kept = 100 }] }).Where(remark => remark.ToString().Contains("total_step", StringComparison.Ordinal)).ToList();
        if (says is null) Assert.Empty(advice);
        else Assert.Contains(says, Assert.Single(advice).ToString(), StringComparison.Ordinal);
    }

    /// <summary>Weights that are held in few bits cannot take small steps; where the two never meet in a trial nothing is said.</summary>
    [Theory]
    [InlineData("full", "", 1)]
    [InlineData("{ name: full, method: freeze, trainable_layers: 1 }", "", 1)]
    [InlineData("full", "exclude: [{ model: base, peft: full }]", 0)]
    [InlineData("{ method: full, when: { model: whole } }", "", 0)]
    [InlineData("lora", "", 0)]
    public void Validate_BaseHeldInFourBits_CannotTrainItself(string peft, string more, int errors)
    {
        var document = SweepDocument.Parse($"name: a\nseeds: [0, 1, 2]\nmodels: [{{ name: base, path: b, load: nf4 }}, {{ name: whole, path: b }}]\npeft: [{peft}, lora]\ndata: d\n{more}".Replace("[lora, lora]", "[lora, ia3]", StringComparison.Ordinal));
        var found = SpecValidator.Validate(document, new SpecFacts()).Where(remark => remark.Severity == SpecSeverity.Error).ToList();
        Assert.Equal(errors, found.Count);
        Assert.All(found, error => Assert.Contains("of which nf4 holds too little", error.ToString(), StringComparison.Ordinal));
    }

    private static IReadOnlyList<SpecError> Validate(string peft)
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> targets = new Dictionary<string, IReadOnlyList<string>> { ["target_modules"] = ["q_proj", "v_proj"] };
        var model = new ModelFacts
        {
            Name = "base", ModelType = "llama", VocabularySize = 512, TokenizerVocabulary = 512, MaxPositions = 512, Layers = 1,
            Tensors = [new("model.embed_tokens.weight", 512 * 64), new("model.layers.0.norm.weight", 64, OfNorm: true)],
            Projections = [new("model.layers.0.self_attn.q_proj", 64, 64), new("model.layers.0.self_attn.v_proj", 64, 64)],
            DefaultTargets = new[] { "lora", "adalora", "adapter_h", "adapter_p", "adapter_parallel" }.ToDictionary(name => name, _ => targets),
        };
        var document = SweepDocument.Parse($$"""
            name: faults
            seeds: [0, 1, 2]
            models: [{ name: base, path: models/base }]
            peft:
              - {{peft}}
            data: [{ name: rows, sources: [alpaca] }]
            training: { epochs: 1, batch_size: 4, cutoff_len: 128 }
            evaluation: [{ suite: goat-arithmetic, limit: 10 }]
            """);
        return SpecValidator.Validate(document, new SpecFacts { Models = [model] });
    }
}
