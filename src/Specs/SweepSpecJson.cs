using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Optimisers;
using AlpacaCot.Specs.Parsing;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Specs;

/// <summary>A spec as JSON in the vocabulary of the sweep file: <see cref="SweepDocument.Parse(string)"/> reads it back to an equal spec.</summary>
public static class SweepSpecJson
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    /// <summary>The canonical text, indented; with every default written out.</summary>
    public static string Write(SweepSpec spec) => ToNode(spec).ToJsonString(Indented);

    /// <summary>The spec as a tree.</summary>
    public static JsonObject ToNode(SweepSpec spec) => Without(new JsonObject
    {
        ["name"] = spec.Name,
        ["description"] = spec.Description.Length > 0 ? spec.Description : null,
        ["seeds"] = Array(spec.Seeds, s => s),
        ["models"] = Array(spec.Models, m => Without(new JsonObject
        {
            ["name"] = m.Name, ["path"] = m.Path, ["hub"] = m.Hub, ["revision"] = m.Revision, ["load"] = m.Load, ["when"] = Match(m.When),
        })),
        ["peft"] = Array(spec.Peft, Peft),
        ["data"] = Array(spec.Data, d =>
        {
            var node = Data(d, d.Template, d.Language);
            if (d.When is { } when) node["when"] = Match(when);
            return node;
        }),
        ["cot"] = Array(spec.Cot, c => Without(new JsonObject { ["name"] = c.Name, ["cue"] = c.Cue, ["language"] = c.Language, ["when"] = Match(c.When) })),
        ["base"] = spec.Base,
        ["training"] = Training(spec.Training),
        ["decoding"] = Decoding(spec.Decoding),
        ["evaluation"] = spec.Evaluation.Count > 0 ? Array(spec.Evaluation, Evaluation) : null,
        ["search"] = spec.Search is { } search ? new JsonObject
        {
            ["scheduler"] = search.Scheduler, ["reduction"] = search.Reduction, ["grace_steps"] = search.GraceSteps, ["metric"] = search.Metric, ["mode"] = search.Mode,
        } : null,
        ["template"] = spec.Template,
        ["language"] = spec.Language,
        ["exclude"] = spec.Exclude.Count > 0 ? Array(spec.Exclude, Match) : null,
        ["include"] = spec.Include.Count > 0 ? Array(spec.Include, Match) : null,
    });

    /// <summary>A data mix, as its own template and language stand.</summary>
    public static JsonObject Data(DataSpec data) => Data(data, data.Template, data.Language);

    internal static JsonObject Data(DataSpec data, string? template, string? language) => Without(new JsonObject
    {
        ["name"] = data.Name, ["sources"] = Array(data.Sources, Source), ["template"] = template, ["language"] = language, ["cot"] = Words.Rationales.Of(data.Cot),
        ["training_cue"] = data.TrainingCue.Word, ["match"] = data.Match == DataMatch.None ? null : Words.Matches.Of(data.Match),
        ["truncation"] = data.Truncation == Truncation.Right ? null : Words.Truncations.Of(data.Truncation), ["learn"] = data.Learn == LearnedTurns.All ? null : Words.Learned.Of(data.Learn),
        ["bad_rows"] = data.BadRows == BadRows.Refuse ? null : Words.RowPolicies.Of(data.BadRows),
    });

    internal static JsonObject Source(SourceSpec source) => Without(new JsonObject
    {
        ["set"] = source.Set, ["path"] = source.Path, ["goat"] = source.Goat is { } goat ? Goat(goat) : null, ["encoding"] = source.Encoding,
        ["tables"] = source.Tables is { } tables ? Tables(tables) : null,
        ["weight"] = source.Weight, ["limit"] = source.Limit, ["seed"] = source.Seed, ["language"] = source.Language,
        ["cot"] = source.Cot is { } cot ? Words.Rationales.Of(cot) : null, ["training_cue"] = source.TrainingCue?.Word,
        ["few_shot"] = source.FewShot > 0 ? source.FewShot : null,
        ["allow_leakage"] = source.AllowLeakage.Count > 0 ? Array(source.AllowLeakage, name => name) : null,
    });

    private static JsonObject Tables(TableOptions tables) => Without(new JsonObject
    {
        ["form"] = Words.TableForms.Of(tables.Form), ["task"] = tables.Task is { } task ? Words.TableTasks.Of(task) : null, ["repeat_merged"] = tables.RepeatMerged ? true : null,
    });

    /// <summary>The generator's options.</summary>
    public static JsonObject Goat(GoatOptions goat) => Without(new JsonObject
    {
        // The published table has operations and lengths of its own.
        ["paper"] = goat.Paper ? true : null,
        ["operations"] = goat.Paper ? null : Array(goat.Operations, operation => Words.Operations.Of(operation)),
        ["digits"] = goat.Paper ? null : new JsonArray(goat.MinDigits, goat.MaxDigits),
        ["style"] = Words.Styles.Of(goat.Style), ["count"] = goat.Count, ["noise"] = goat.Noise, ["split"] = Words.Splits.Of(goat.Split),
        ["without"] = goat.Without.Count > 0 ? Array(goat.Without, step => Words.Steps.Of(step)) : null,
        ["signed"] = goat.Signed ? true : null, ["decimals"] = goat.Decimals > 0 ? goat.Decimals : null,
    });

    internal static JsonObject Training(TrainingSpec t) => Without(new JsonObject
    {
        ["epochs"] = t.Epochs, ["max_steps"] = t.MaxSteps, ["batch_size"] = t.BatchSize, ["gradient_accumulation"] = t.GradientAccumulation,
        ["micro_batch_tokens"] = t.MicroBatchTokens, ["cutoff_len"] = t.CutoffLen, ["precision"] = t.Precision, ["learning_rate"] = t.LearningRate,
        ["schedule"] = OptimiserCatalogue.HasOwnRate(t) ? null : t.Schedule,
        ["schedule_arguments"] = Arguments(t.ScheduleArguments, ScheduleCatalogue.Find(t.Schedule)?.Arguments),
        ["warmup_ratio"] = t.WarmupRatio > 0 ? t.WarmupRatio : null, ["warmup_steps"] = t.WarmupSteps, ["weight_decay"] = t.WeightDecay, ["clip"] = t.Clip,
        ["optimizer"] = t.Optimizer, ["optimizer_arguments"] = Arguments(t.OptimizerArguments, OptimiserCatalogue.Find(t.Optimizer)?.Arguments),
        ["adam_beta1"] = OfAdam(t, t.AdamBeta1), ["adam_beta2"] = OfAdam(t, t.AdamBeta2), ["adam_epsilon"] = OfAdam(t, t.AdamEpsilon), ["train_on_prompt"] = t.TrainOnPrompt,
        ["label_smoothing"] = t.LabelSmoothing > 0 ? t.LabelSmoothing : null, ["z_loss"] = t.ZLoss > 0 ? t.ZLoss : null, ["checkpoint_steps"] = t.CheckpointSteps,
    });

    private static double? OfAdam(TrainingSpec training, double value) => OptimiserCatalogue.Find(training.Optimizer) is { IsAdam: false } ? null : value;

    private static JsonObject? Arguments(IReadOnlyDictionary<string, double> given, IReadOnlyList<TrainingArgument>? known) => given.Count == 0 ? null
        : new JsonObject(given.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)(known?.FirstOrDefault(k => k.Name == a.Key)?.Write(a.Value) ?? a.Value))));

    /// <summary>How answers are decoded: what acts, and of that only what is not off, but for the keys that a reader looks for.</summary>
    internal static JsonObject Decoding(DecodingSpec d)
    {
        var sampled = d.Strategy == DecodingSpec.Sample;
        var (node, off) = (EveryDecodingKey(d), EveryDecodingKey(new DecodingSpec()));
        foreach (var key in off.Select(entry => entry.Key))
            if ((!sampled && DecodingParser.SamplingKeys.Contains(key)) || (d.NumBeams == 1 && DecodingParser.BeamKeys.Contains(key))
                || (JsonNode.DeepEquals(node[key], off[key]) && !(key is "strategy" or "max_new_tokens" or "repetition_penalty" || (sampled && key is "temperature" or "top_p" or "top_k"))))
                node.Remove(key);
        return node;
    }

    /// <summary>Every key of decoding with its value.</summary>
    internal static JsonObject EveryDecodingKey(DecodingSpec d) => new()
    {
        ["strategy"] = d.Strategy, ["max_new_tokens"] = d.MaxNewTokens, ["min_new_tokens"] = d.MinNewTokens, ["min_length"] = d.MinLength,
        ["num_beams"] = d.NumBeams, ["length_penalty"] = d.LengthPenalty, ["early_stopping"] = d.EarlyStopping,
        ["temperature"] = d.Temperature, ["top_h"] = d.TopH, ["top_k"] = d.TopK, ["top_p"] = d.TopP, ["min_p"] = d.MinP, ["typical_p"] = d.TypicalP,
        ["epsilon_cutoff"] = d.EpsilonCutoff, ["eta_cutoff"] = d.EtaCutoff, ["repetition_penalty"] = d.RepetitionPenalty, ["no_repeat_ngram_size"] = d.NoRepeatNgramSize,
        ["exponential_decay_length_penalty"] = Array(d.ExponentialDecayLengthPenalty, number => number), ["bad_words"] = Array(d.BadWords, text => text),
        ["sequence_bias"] = new JsonObject(d.SequenceBias.OrderBy(bias => bias.Key, StringComparer.Ordinal).Select(bias => KeyValuePair.Create(bias.Key, (JsonNode?)bias.Value))),
        ["suppress_tokens"] = Array(d.SuppressTokens, token => token), ["begin_suppress_tokens"] = Array(d.BeginSuppressTokens, token => token), ["forced_eos"] = Array(d.ForcedEos, token => token),
        ["remove_invalid_values"] = d.RemoveInvalidValues, ["renormalize_logits"] = d.RenormalizeLogits, ["stop"] = Array(d.Stop, text => text), ["stop_tokens"] = Array(d.StopTokens, token => token),
    };

    /// <summary>One evaluation.</summary>
    public static JsonObject Evaluation(EvaluationSpec e) => Without(new JsonObject
    {
        ["name"] = e.Name, ["suite"] = e.Suite, ["limit"] = e.Limit, ["few_shot"] = e.FewShot, ["options"] = Options(e.Options),
    });

    private static JsonObject Peft(MethodSpec peft)
    {
        var node = new JsonObject { ["name"] = peft.Name, ["method"] = peft.Method };
        foreach (var (key, value) in peft.Options)
            node
            [
                MethodCatalogue.Find(peft.Method)?.Option(key) is { } option ? option.ShortName : key
            ] = JsonNode.Parse(value.GetRawText());
        if (peft.LearningRate is { } rate) node["learning_rate"] = rate;
        if (peft.When is { } when) node["when"] = Match(when);
        return node;
    }

    private static JsonObject? Match(AxisMatch? match)
        => match is null
            ? null
            : new JsonObject(match.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => KeyValuePair.Create(v.Key, (JsonNode?)Array(v.Value, n => n))));

    private static JsonObject? Options(IReadOnlyDictionary<string, JsonElement> options)
        => options.Count == 0 ? null : new JsonObject(options.Select(o => KeyValuePair.Create(o.Key, JsonNode.Parse(o.Value.GetRawText()))));

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode?> write) => new([.. items.Select(write)]);

    private static JsonObject Without(JsonObject node)
    {
        foreach (var key in node.Where(e => e.Value is null).Select(e => e.Key).ToList()) node.Remove(key);
        return node;
    }
}
