using System.Globalization;
using System.Text;
using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Tests;

/// <summary>How near each family is to its reference, over all golden models.</summary>
internal static class FamilyTable
{
    /// <summary>A family's largest errors over its cases, and what held in all of them.</summary>
    public sealed record Row(string Family, int Cases, double Logits, double Loss, double Gradients, bool Greedy, bool Cached, bool Saved)
    {
        public Row With(Row other) => new(
            Family, Cases + other.Cases, Math.Max(Logits, other.Logits), Math.Max(Loss, other.Loss), Math.Max(Gradients, other.Gradients), Greedy && other.Greedy, Cached && other.Cached, Saved && other.Saved);

        public override string ToString() => $"| {Family} | {Cases} | {Number(Logits)} | {Number(Loss)} | {(Gradients > 0 ? Number(Gradients) : "–")} | {Word(Greedy)} | {Word(Cached)} | {Word(Saved)} |";

        private static string Number(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

        private static string Word(bool holds) => holds ? "yes" : "**no**";
    }

    public const string Head = "| family | cases | logits | loss | gradients | greedy ids equal | cached = uncached | saved and loaded the same |";

    public static string Text(IEnumerable<Row> rows)
    {
        var text = new StringBuilder().AppendLine(Head).AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (var row in rows) text.AppendLine(row.ToString());
        return text.ToString();
    }

    public static List<Row> Compute(IEnumerable<string> folders)
        => [.. folders.Select(Of).GroupBy(row => row.Family).Select(rows => rows.Aggregate((a, b) => a.With(b))).OrderBy(row => row.Family, StringComparer.Ordinal)];

    private static Row Of(string folder)
    {
        var golden = Golden.Open(folder);
        using var decoder = ModelDirectory.Load(golden.Path, new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        var greedy = golden.Json.GetProperty("greedy");
        long[] prompt = GoldenModel.Longs(greedy.GetProperty("prompt_ids")), ids = GoldenModel.Longs(greedy.GetProperty("ids"));
        var whole = Greedy.Whole(decoder, prompt, ids.Length);
        double logits = 0, loss = 0, gradients = 0;
        foreach (var sequence in GoldenModel.Sequences(expected))
        {
            using var still = torch.no_grad();
            var layout = SegmentLayout.Single((int)expected[$"{sequence}.input_ids"].size(0));
            var have = decoder.Logits(decoder.Hidden(expected[$"{sequence}.input_ids"], layout), layout);
            logits = Math.Max(logits, Relative(expected[$"{sequence}.logits"], have));
            loss = Math.Max(loss, Math.Abs(expected[$"{sequence}.loss"].item<float>() - GoldenModel.Loss(have, expected[$"{sequence}.labels"]).item<float>()));
        }
        var saved = IsSavedAndLoadedTheSame(decoder, expected["a.input_ids"]);
        if (expected.Names.Any(name => name.StartsWith("grad.", StringComparison.Ordinal)))
        {
            GoldenModel.Backward(decoder, expected);
            foreach (var name in expected.Names.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)))
                gradients = Math.Max(gradients, Relative(expected[name], GoldenModel.Gradient(decoder, name["grad.".Length..])));
        }
        return new Row(GoldenModel.FamilyOf(golden), 1, logits, loss, gradients, ids.SequenceEqual(whole), whole.SequenceEqual(Greedy.Cached(decoder, prompt, ids.Length)), saved);
    }

    private static bool IsSavedAndLoadedTheSame(Decoder decoder, Tensor ids)
    {
        using var still = torch.no_grad();
        using var folder = new TemporaryFolder();
        ModelDirectory.Save(decoder, folder["m"]);
        using var again = ModelDirectory.Load(folder["m"], new LoadOptions(Device: TestDevice.Chosen));
        var layout = SegmentLayout.Single((int)ids.size(0));
        return decoder.Hidden(ids, layout).ToArray<float>().SequenceEqual(again.Hidden(ids, layout).ToArray<float>());
    }

    private static double Relative(Tensor expected, Tensor actual)
    {
        var (want, have) = (expected.ToArray<float>(), actual.ToArray<float>());
        return want.Zip(have, (a, b) => Math.Abs(a - b)).Max() / Math.Max(want.Max(Math.Abs), 1e-30);
    }
}
