namespace AlpacaCot.Models.Families;

/// <summary>The decoder families this program knows, by <c>model_type</c>.</summary>
internal static class ModelFamilies
{
    private static readonly Dictionary<string, ModelFamily> Known =
        new ModelFamily[] { new LlamaFamily() }.ToDictionary(family => family.ModelType, StringComparer.Ordinal);

    /// <summary>The names that are known, in order.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = [.. Known.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The family of a <c>model_type</c>.</summary>
    /// <exception cref="ModelException">It is not known; the message names those that are.</exception>
    public static ModelFamily Find(string modelType, string file) => Known.GetValueOrDefault(modelType)
        ?? throw new ModelException($"{file}: model_type '{modelType}' is not supported; known are {string.Join(", ", ModelTypes)}");
}
