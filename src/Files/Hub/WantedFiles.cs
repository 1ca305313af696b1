using System.IO.Enumeration;

namespace AlpacaCot.Files.Hub;

/// <summary>Which files of a repository a model or an adapter is loaded from.</summary>
internal static class WantedFiles
{
    private static readonly string[] Extensions = [".json", ".safetensors", ".model", ".txt", ".jinja", ".tiktoken"];
    private static readonly string[] TorchFiles = ["pytorch_model", "adapter_model"];

    /// <summary>The wanted ones of a listing: those that fit a pattern, or, without patterns, configuration, tokenizer and weights (torch files only where there are no others).</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> files, IReadOnlyList<string>? include = null)
    {
        if (include is { Count: > 0 }) return [.. files.Where(file => include.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, file, ignoreCase: false)))];
        // Files at the top alone: folders hold other frameworks' copies.
        var top = files.Where(file => !file.Contains('/') && !file.Contains('\\') && file[0] != '.').ToList();
        var safe = top.Any(file => file.EndsWith(".safetensors", StringComparison.Ordinal));
        bool IsTorch(string file) => TorchFiles.Any(name => file.StartsWith(name, StringComparison.Ordinal));
        return [.. top.Where(file => (Extensions.Contains(Path.GetExtension(file)) && !(safe && IsTorch(file) && !file.EndsWith(".safetensors", StringComparison.Ordinal)))
            || (!safe && IsTorch(file) && file.EndsWith(".bin", StringComparison.Ordinal)))];
    }

    /// <summary>Why nothing of a listing is wanted.</summary>
    public static string WhyNone(IReadOnlyList<string> files, IReadOnlyList<string> include)
        => $"{(include.Count > 0 ? $"no file fits {string.Join(", ", include)}" : "holds no configuration, tokenizer or weights at its top")}; there are {string.Join(", ", files.Take(8))}{(files.Count > 8 ? $" and {files.Count - 8} more" : "")}";
}
