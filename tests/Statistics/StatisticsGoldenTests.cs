using System.Text.Json;
using AlpacaCot.Statistics;

namespace AlpacaCot.Tests.Statistics;

/// <summary>Number for number against SciPy: every line of a case whose procedure this room has.</summary>
public sealed class StatisticsGoldenTests(ITestOutputHelper output)
{
    public static IEnumerable<object[]> Folders => Golden.Folders("statistics");

    [Trait("Category", "Golden")]
    [Theory]
    [MemberData(nameof(Folders))]
    public void Procedures_GoldenLines_AgreeWithinTolerance(string folder)
    {
        var golden = Golden.Open(folder);
        double abs = golden.Tolerance("abs", 1e-9), relative = golden.Tolerance("p_rel", 1e-7);
        var passed = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var unknown = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (line, number) in File.ReadLines(golden.File("cases.jsonl")).Select((l, i) => (l, i + 1)))
        {
            var json = JsonDocument.Parse(line).RootElement;
            var what = json.GetProperty("what").GetString()!;
            if (Values(what, json) is not { } values)
            {
                unknown[what] = unknown.GetValueOrDefault(what) + 1;
                continue;
            }
            foreach (var (name, actual, expected, isP) in values)
            {
                var tolerance = isP ? Math.Max(Math.Abs(expected) * relative, 1e-300) : abs * Math.Max(1, Math.Abs(expected));
                Assert.True(Math.Abs(actual - expected) <= tolerance || actual.Equals(expected), $"line {number} {what} {name}: {actual:R} instead of {expected:R}");
            }
            passed[what] = passed.GetValueOrDefault(what) + 1;
        }
        output.WriteLine($"passed {passed.Values.Sum()}: {string.Join(", ", passed.Select(p => $"{p.Key} {p.Value}"))}");
        output.WriteLine($"not known {unknown.Values.Sum()}: {string.Join(", ", unknown.Select(p => $"{p.Key} {p.Value}"))}");
        Assert.SkipWhen(passed.Count == 0, $"no procedure of this case is known: {string.Join(", ", unknown.Keys)}");
    }

    private static IEnumerable<(string Name, double Actual, double Expected, bool IsP)>? Values(string what, JsonElement json) => what switch
    {
        "t_interval" => TInterval(json),
        "paired_t" => Test(json, TTests.Paired(Numbers(json, "a"), Numbers(json, "b"), Alternatives[json.GetProperty("alternative").GetString()!])),
        "welch_t" => Test(json, TTests.Welch(Numbers(json, "a"), Numbers(json, "b"))),
        "bootstrap_percentile" => Percentile(json),
        "holm" => Corrections.Holm(Numbers(json, "p")).Zip(Numbers(json, "adjusted"), (a, e) => ("adjusted", a, e, true)),
        "wilson" => Wilson(json),
        "t_distribution" => Distribution(json, x => StudentT.Cdf(x, Number(json, "df")), p => StudentT.Quantile(p, Number(json, "df"))),
        "normal_distribution" => Distribution(json, NormalDistribution.Cdf, NormalDistribution.Quantile),
        _ => null,
    };

    private static IEnumerable<(string, double, double, bool)> TInterval(JsonElement json)
    {
        var values = Numbers(json, "values");
        var level = Number(json, "level");
        var interval = Intervals.T(values, level);
        yield return ("mean", Descriptive.Mean(values), Number(json, "mean"), false);
        yield return ("standard_deviation", Descriptive.SampleStandardDeviation(values), Number(json, "standard_deviation"), false);
        yield return ("standard_error", Descriptive.SampleStandardDeviation(values) / Math.Sqrt(values.Length), Number(json, "standard_error"), false);
        yield return ("quantile", StudentT.Quantile(0.5 + level / 2, values.Length - 1), Number(json, "quantile"), false);
        yield return ("low", interval.Low, Number(json, "low"), false);
        yield return ("high", interval.High, Number(json, "high"), false);
    }

    private static IEnumerable<(string, double, double, bool)> Test(JsonElement json, TTest test) =>
    [
        ("statistic", test.Statistic, Number(json, "statistic"), false), ("df", test.DegreesOfFreedom, Number(json, "df"), false), ("p", test.P, Number(json, "p"), true),
    ];

    private static IEnumerable<(string, double, double, bool)> Percentile(JsonElement json)
    {
        var values = Numbers(json, "values");
        var means = json.TryGetProperty("means", out _)
            ? Numbers(json, "means")
            : [.. json.GetProperty("indices").EnumerateArray().Select(r => Bootstrap.ResampledMean(values, [.. r.EnumerateArray().Select(i => i.GetInt32())]))];
        var interval = Bootstrap.Percentile(means, Number(json, "level"));
        return [("low", interval.Low, Number(json, "low"), false), ("high", interval.High, Number(json, "high"), false)];
    }

    private static IEnumerable<(string, double, double, bool)> Wilson(JsonElement json)
    {
        var interval = Intervals.Wilson(json.GetProperty("successes").GetInt64(), json.GetProperty("n").GetInt64(), Number(json, "level"));
        return [("low", interval.Low, Number(json, "low"), false), ("high", interval.High, Number(json, "high"), false)];
    }

    private static IEnumerable<(string, double, double, bool)> Distribution(JsonElement json, Func<double, double> cdf, Func<double, double> quantile)
        => Numbers(json, "x").Zip(Numbers(json, "cdf"), (x, e) => ("cdf", cdf(x), e, true))
            .Concat(Numbers(json, "p").Zip(Numbers(json, "ppf"), (p, e) => ("ppf", quantile(p), e, false)));

    private static readonly Dictionary<string, Alternative> Alternatives = new()
    {
        ["two-sided"] = Alternative.TwoSided, ["less"] = Alternative.Less, ["greater"] = Alternative.Greater,
    };

    private static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();

    private static double[] Numbers(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];
}
