using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Validation;

/// <summary>The base is there, can be read, is of a known family and is long enough for the cutoff.</summary>
internal sealed class ModelRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (model, fact, path) in KnownFacts.Models(spec, facts))
        {
            var at = path + (model.Hub is null ? ".path" : ".hub");
            if (!fact.Exists)
                remarks.Error(
                    at, fact.Error ?? $"'{model.Reference}' is not there",
                    model.Hub is null ? "give a folder with config.json and weights" : $"fetch it first: ./alpacacot model add {model.Hub}{(model.Revision is null ? "" : $" --revision {model.Revision}")}");
            else if (fact.Error is { } error) remarks.Error(at, error);
            else if (!fact.Supported)
                remarks.Error(
                    at, $"model_type '{fact.ModelType}' is not built yet",
                    fact.SupportedTypes.Count == 0 ? "" : Near(fact) + "built are " + string.Join(", ", fact.SupportedTypes));
            else if (fact.MaxPositions is { } positions && spec.Training.CutoffLen > positions)
                remarks.Advice(
                    "training.cutoff_len", $"{spec.Training.CutoffLen} tokens are more than {model.Name} was made for ({positions})",
                    $"write cutoff_len: {positions}");
        }
    }

    private static string Near(ModelFacts fact) => Suggestions.Nearest(fact.ModelType ?? "", fact.SupportedTypes) is { } near ? $"nearest is {near}; " : "";
}

/// <summary>The tokenizer can be read, has the tokens that decoding names, and none of its ids is beyond the embedding.</summary>
internal sealed class TokenizerRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (model, fact, path) in KnownFacts.Models(spec, facts))
            if (!fact.Exists || fact.Error is not null) continue;
            else if (fact.TokenizerError is { } error) remarks.Error(path, $"tokenizer of {model.Name}: {error}");
            else if (fact.DecodingError is { } unknown) remarks.Error("decoding", $"with {model.Name}: {unknown}", "name a token of every model's tokenizer, or remove it");
            else if (fact.VocabularySize > 0 && fact.TokenizerVocabulary > fact.VocabularySize)
                remarks.Error(
                    path, $"the tokenizer has {fact.TokenizerVocabulary} ids, the embedding {fact.VocabularySize} rows: they do not belong together",
                    "put the tokenizer beside the weights that were trained with it");
    }
}
