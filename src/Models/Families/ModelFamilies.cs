using AlpacaCot.Specs;

namespace AlpacaCot.Models.Families;

/// <summary>The decoder families this program knows, by <c>model_type</c>.</summary>
internal static class ModelFamilies
{
    private static readonly ModelFamily[] All =
    [
        new BaichuanFamily(), new BloomFamily(), new ChatGlmFamily(), new ChatGlm2Family(), new CodeGenFamily("codegen"), new Gemma2Family(), new Gpt2Family(), new GptJFamily(),
        new GptNeoXFamily(), new InternLm2Family(), new InternLmFamily(), new LlamaFamily(), new MistralFamily(), new CodeGenFamily("moss"), new OptFamily(), new Phi3Family(),
        new PhiFamily(), new Qwen2Family(), new Qwen3Family(),
    ];

    /// <summary>The names that are known, in order.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = [.. All.Select(family => family.ModelType).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The family of a <c>config.json</c>: of those that share its <c>model_type</c> the one that knows its keys.</summary>
    /// <exception cref="ModelException">It is not known; the message names those that are near, and all.</exception>
    public static ModelFamily Find(ConfigKeys keys)
    {
        var modelType = keys.Text("model_type");
        var named = Array.FindAll(All, family => family.ModelType == modelType);
        if (named.Length == 0) throw keys.Error("model_type", $"'{modelType}' is not supported{Near(modelType)}; known are {string.Join(", ", ModelTypes)}");
        return Array.Find(named, family => family.Recognises(keys))
            ?? throw keys.Error("model_type", $"is '{modelType}', but no known variant of it has these keys");
    }

    /// <summary>The family of a configuration.</summary>
    public static ModelFamily Of(DecoderConfig config) => Array.Find(All, family => family.ModelType == config.ModelType && family.Builds(config))
        ?? throw new ModelException($"model_type '{config.ModelType}' is not supported{Near(config.ModelType)}; known are {string.Join(", ", ModelTypes)}");

    /// <summary>The supported types that a name resembles, nearest first; those that begin alike come before those that are spelt alike.</summary>
    public static IReadOnlyList<string> Nearest(string modelType)
    {
        var letters = modelType.ToLowerInvariant();
        return
        [
            .. ModelTypes
                .Select(known => (Known: known, Alike: CommonBeginning(known, letters), Distance: EditDistance.Between(known, letters)))
                .Where(entry => entry.Alike >= Math.Min(3, entry.Known.Length) || entry.Distance <= Math.Max(2, letters.Length / 3))
                .OrderByDescending(entry => entry.Alike - entry.Distance)
                .Take(3)
                .Select(entry => entry.Known),
        ];
    }

    private static string Near(string modelType) => Nearest(modelType) is { Count: > 0 } near ? $" (nearest are {string.Join(", ", near)})" : "";

    private static int CommonBeginning(string a, string b) => a.AsSpan().CommonPrefixLength(b);
}
