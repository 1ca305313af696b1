using System.Text.Json;
using AlpacaCot.Data;
using AlpacaCot.Files;
using AlpacaCot.Files.Json;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Benchmarks;

/// <summary>Rows to train on: <c>{"ids": […], "labels": […]}</c>, as a JSON array or one a line; or rows that are made up.</summary>
internal static class TrainingRows
{
    private const int LargestFile = 1 << 30;

    /// <summary>Made-up rows are as long as rows of instructions are: from a few words to a page, a third of it the answer.</summary>
    private const int Shortest = 24, Longest = 320, AnswerPart = 3;

    /// <summary>The first rows of a file.</summary>
    /// <exception cref="BenchmarkException">A row is none, or there are too few.</exception>
    /// <exception cref="InvalidDataException">The file cannot be read, or is no JSON.</exception>
    public static IReadOnlyList<Example> Read(string file, int wanted, int cutoff, int vocabulary)
    {
        var text = FileText.ReadUtf8(file, LargestFile);
        var rows = new List<Example>();
        foreach (var (row, place) in Elements(text, file))
        {
            if (rows.Count == wanted) break;
            rows.Add(Row(row, place, cutoff, vocabulary));
        }
        if (rows.Count < wanted) throw new BenchmarkException($"{file}: has {rows.Count} rows, {wanted} are needed (--steps × --batch)");
        return rows.Any(row => row.Labels.Skip(1).Any(label => label != Example.Ignored)) ? rows : throw new BenchmarkException($"{file}: no row has a label that is learnt ({Example.Ignored} is not)");
    }

    /// <summary>Made-up rows, the same every time, as long as rows of instructions are.</summary>
    public static IReadOnlyList<Example> MadeUp(int count, int cutoff, int vocabulary) => MadeUp(count, Shortest, Longest, vocabulary, cutoff);

    /// <summary>Made-up rows of a length.</summary>
    public static IReadOnlyList<Example> Of(int count, int length, int vocabulary) => MadeUp(count, length, length + 1, vocabulary, length);

    private static IReadOnlyList<Example> MadeUp(int count, int shortest, int longest, int vocabulary, int cutoff)
    {
        var random = SeededRandom.For(0, "benchmark rows");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var length = Math.Min(cutoff, shortest + random.Next(longest - shortest));
            int[] ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
            return new Example(ids, [.. ids.Select((id, at) => at < length - Math.Max(1, length / AnswerPart) ? Example.Ignored : id)]);
        })];
    }

    private static IEnumerable<(JsonElement Row, string Place)> Elements(ReadOnlyMemory<byte> text, string file)
    {
        if (text.Span.TrimStart(" \t\r\n"u8) is [(byte)'[', ..])
        {
            var (number, all) = (0, StrictJson.Parse(text.Span, file));
            foreach (var element in all.EnumerateArray()) yield return (element, $"{file}, row {++number}");
            yield break;
        }
        for (var (line, rest) = (1, text); rest.Length > 0; line++)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            var row = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (row.Span.Trim(" \t\r"u8).Length > 0) yield return (StrictJson.Parse(row.Span, $"{file}, line {line}"), $"{file}, line {line}");
        }
    }

    private static Example Row(JsonElement row, string place, int cutoff, int vocabulary)
    {
        var (ids, labels) = (Numbers(row, "ids", place, cutoff), Numbers(row, "labels", place, cutoff));
        if (ids.Length != labels.Length) throw new BenchmarkException($"{place}: has {ids.Length} ids and {labels.Length} labels");
        if (ids.Length == 0) throw new BenchmarkException($"{place}: has no ids");
        foreach (var id in ids.Concat(labels.Where(label => label != Example.Ignored)))
            if (id < 0 || id >= vocabulary) throw new BenchmarkException($"{place}: the id {id} is none of the {vocabulary} of the model (--vocabulary)");
        return new Example(ids, labels);
    }

    private static int[] Numbers(JsonElement row, string key, string place, int cutoff)
    {
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array)
            throw new BenchmarkException($$"""{{place}}: has no list '{{key}}'; a row is {"ids": [5, 6, 7], "labels": [-100, 6, 7]}""");
        return [.. list.EnumerateArray().Take(cutoff).Select(number => number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var id) ? id : throw new BenchmarkException($"{place}: {number.GetRawText()} in '{key}' is no id"))];
    }
}
