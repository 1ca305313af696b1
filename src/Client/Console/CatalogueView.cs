using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Console;

/// <summary>What can be named, as people read it.</summary>
internal static class CatalogueView
{
    /// <summary>A line for each entry.</summary>
    public static void PrintList(IReadOnlyList<CatalogueEntry> entries, TextWriter output)
    {
        var width = entries.Select(entry => entry.Name.Length).DefaultIfEmpty().Max();
        foreach (var entry in entries) output.WriteLine($"{entry.Name.PadRight(width)}  {entry.About}");
    }

    /// <summary>All of one entry: facts, every option with its default, and an example.</summary>
    public static void Print(CatalogueEntry entry, TextWriter output)
    {
        output.WriteLine($"{entry.Name}: {entry.About}");
        foreach (var (name, value) in entry.Facts.Where(fact => fact.Value.Length > 0))
            output.WriteLine(value.Contains('\n') ? $"  {name}:\n    {value.TrimEnd('\n').ReplaceLineEndings("\n    ")}" : $"  {name}: {value}");
        if (entry.Options.Count > 0) output.WriteLine("options");
        foreach (var option in entry.Options)
        {
            output.WriteLine($"  {option.Name}: {option.Type}{(option.Required ? " (required)" : option.Default is { } value ? $" (default: {value})" : "")}");
            output.WriteLine($"      {option.Meaning}");
        }
        if (entry.Example is { } example) output.WriteLine($"example\n  {example}");
    }
}
