using System.Text.Json;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Reads what a report needs of evaluations' files: the scores of their items, their parts, a right and a wrong answer. A file that is gone or cannot be read is as good as none.</summary>
internal static class ResultReading
{
    /// <summary>The files of accepted results.</summary>
    public static Dictionary<(string Trial, string Evaluation), ResultDetail> Read(IEnumerable<(string Trial, EvaluationResult Result)> results)
    {
        // Ten thousand trials have gigabytes of samples: several files are read at once.
        var read = results.Where(of => of.Result.Uri is not null).AsParallel().AsOrdered().Select(of => (of.Trial, of.Result.Evaluation, Detail: TryRead(of.Result.Uri!, of.Result))).ToList();
        return read.Where(of => of.Detail is not null).ToDictionary(of => (of.Trial, of.Evaluation), of => of.Detail!);
    }

    private static ResultDetail? TryRead(string file, EvaluationResult result)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var detail = Results(document.RootElement, result);
            var samples = SamplesBeside(file);
            return samples is null ? detail : Samples(samples, detail);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The samples' file carries the time of its results' file.</summary>
    private static string? SamplesBeside(string file)
    {
        var time = Path.GetFileNameWithoutExtension(file)["results".Length..];
        return Directory.EnumerateFiles(Path.GetDirectoryName(file)!, $"samples_*{time}.jsonl").FirstOrDefault();
    }

    private static ResultDetail Results(JsonElement document, EvaluationResult result)
    {
        var figures = document.GetProperty("results");
        // One evaluation has one suite; what else there is are its parts.
        var suite = document.GetProperty("n-samples").EnumerateObject().First().Name;
        var parts = document.GetProperty("group_subtasks").TryGetProperty(suite, out var named)
            ? named.EnumerateArray().Select(p => p.GetString()!).Where(p => figures.TryGetProperty(p, out _)).Select(p => Part(p[(suite.Length + 1)..], figures.GetProperty(p))).ToList() : [];
        return new ResultDetail
        {
            Items = result.Items, Errors = Numbers(figures.GetProperty(suite), errors: true), Parts = parts,
            AtLimit = document.TryGetProperty("answers_at_limit", out var counts) && counts.TryGetProperty(suite, out var count) && count.ValueKind == JsonValueKind.Number ? count.GetInt32() : null,
        };
    }

    private static ResultPart Part(string name, JsonElement figures) => new(name, figures.GetProperty("sample_len").GetInt32(), Numbers(figures, errors: false), Numbers(figures, errors: true));

    private static Dictionary<string, double> Numbers(JsonElement figures, bool errors)
    {
        const string Error = "_stderr";
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, filter, value) in figures.EnumerateObject().Where(f => f.Value.ValueKind == JsonValueKind.Number && f.Name.Contains(',', StringComparison.Ordinal))
            .Select(f => (f.Name.Split(',', 2)[0], f.Name.Split(',', 2)[1], f.Value.GetDouble())))
            if (name.EndsWith(Error, StringComparison.Ordinal) == errors) numbers[Key(errors ? name[..^Error.Length] : name, filter)] = value;
        return numbers;
    }

    private static ResultDetail Samples(string file, ResultDetail detail)
    {
        var scores = new Dictionary<string, (List<double> Numerators, List<double> Denominators)>(StringComparer.Ordinal);
        AnswerSample? right = null, wrong = null;
        ReadOnlyMemory<byte> rest = File.ReadAllBytes(file);
        while (rest.Length > 0)
        {
            var end = rest.Span.IndexOf("\n"u8);
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            var sample = ScoredSample.Read(line.Span);
            foreach (var (metric, numerator, denominator) in sample.Scores)
            {
                if (!scores.TryGetValue(Key(metric, sample.Filter), out var of)) scores[Key(metric, sample.Filter)] = of = ([], []);
                of.Numerators.Add(numerator);
                of.Denominators.Add(denominator);
                if (!AnswerSamples.TellsRight(metric)) continue;
                if (numerator == 1) right ??= Answer(line);
                else if (numerator == 0) wrong ??= Answer(line);
            }
        }
        return detail with
        {
            Right = right, Wrong = wrong, SamplesFile = file,
            Scores = scores.Where(s => s.Value.Numerators.Count == detail.Items && s.Value.Numerators.All(double.IsFinite))
                .ToDictionary(s => s.Key, s => new ItemScores(s.Value.Numerators, s.Value.Denominators.TrueForAll(d => d == 1) ? null : s.Value.Denominators), StringComparer.Ordinal),
        };
    }

    private static AnswerSample? Answer(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        return AnswerSamples.Read(document.RootElement);
    }

    private static string Key(string metric, string filter) => filter == "none" ? metric : $"{metric},{filter}";
}
