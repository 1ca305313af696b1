using System.Collections.Concurrent;

namespace AlpacaCot.Tests.Mutants;

/// <summary>Plants every fault of the lists, one at a time, and counts which of them the tests notice.</summary>
internal static class FaultRun
{
    // Of all faults 95 % must be noticed and of each room's 85 %: below that, tests are missing.
    private const double Wanted = 0.95, WantedOfRoom = 0.85;
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(40);

    /// <summary>Runs the lists of some rooms, or of all: of each all its faults, or so many that lie evenly in it.</summary>
    /// <returns>0 where enough faults were noticed and all could be tried, else 1.</returns>
    public static int Run(string checkout, IReadOnlyList<string> rooms, int sample)
    {
        var all = Fault.ReadAll(Path.Combine(checkout, "tests", "Mutants", "Faults"));
        var faults = all.Where(fault => rooms.Count == 0 || rooms.Contains(fault.Room)).GroupBy(fault => fault.Room, StringComparer.Ordinal).SelectMany(room => Spread([.. room], sample)).ToList();
        if (faults.Count == 0) throw new FormatException($"no faults of {string.Join(", ", rooms)}; there are lists of {string.Join(", ", all.Select(fault => fault.Room).Distinct())}");
        Console.Error.WriteLine($"building a copy with {all.Count} faults behind switches");
        var tree = new PlantedTree(checkout, Path.Combine(checkout, "artifacts", "mutants"));
        var broken = tree.Build(all);
        foreach (var (fault, error) in broken) Console.WriteLine($"does not compile: {fault.Room}, {fault.File}: {fault.What}: {error.Trim()}");
        faults.RemoveAll(fault => broken.Any(pair => pair.Fault == fault));
        var bad = NotGreen(tree, faults);
        foreach (var (fault, why) in bad) Console.WriteLine($"cannot tell: {fault.TestRoom} {fault.Test} {why} ({fault.Room}: {fault.What})");
        faults.RemoveAll(fault => bad.Any(pair => pair.Fault == fault));

        var noticed = new ConcurrentDictionary<int, bool>();
        // One more than there are processors: many a test only waits for what its fault keeps away.
        Parallel.ForEach(faults, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount + 1 }, fault =>
        {
            noticed[fault.Number] = IsNoticed(tree, fault);
            Console.Error.WriteLine($"{noticed.Count,4}/{faults.Count} {(noticed[fault.Number] ? "noticed" : "MISSED ")} {fault.Room}: {fault.What}");
        });
        return Math.Max(Report(faults, noticed), broken.Count + bad.Count > 0 ? 1 : 0);
    }

    /// <summary>At most so many of a list, which lie evenly in it, its last among them: lists grow at their end.</summary>
    internal static IEnumerable<Fault> Spread(IReadOnlyList<Fault> list, int most)
        => list.Count <= most ? list : Enumerable.Range(1, most).Select(n => list[(int)((long)n * list.Count / most) - 1]);

    // Tests wait for minutes for what must come. One that has not ended soon has noticed the fault where it does end soon without it; the whole time is given to those that do not.
    private static bool IsNoticed(PlantedTree tree, Fault fault)
    {
        var (passed, ran) = tree.Test(fault, planted: true, _soon);
        return ran > 0 ? !passed : tree.Test(fault, planted: false, _soon).Passed || !tree.Test(fault, planted: true).Passed;
    }

    // A test that fails, or that finds nothing to run, without any fault would seem to notice all of them.
    private static IReadOnlyList<(Fault Fault, string Why)> NotGreen(PlantedTree tree, IReadOnlyList<Fault> faults)
    {
        var bad = new ConcurrentDictionary<(string Room, string Test), string>();
        var (every, options) = (faults.DistinctBy(fault => (fault.TestRoom, fault.Test)).ToList(), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount });
        // All of a project in one process, which is much quicker; one by one only where that does not go well.
        Parallel.ForEach(every.GroupBy(fault => (fault.TestRoom, fault.Test.Contains('.'))), options, together =>
        {
            var (passed, tests) = tree.Test(together.Key.TestRoom, [.. together.Select(fault => fault.Test)]);
            if (passed && tests >= together.Count()) return;
            foreach (var fault in together)
            {
                (passed, tests) = tree.Test(fault, planted: false);
                if (!passed || tests == 0) bad[(fault.TestRoom, fault.Test)] = tests == 0 ? "finds no test" : "fails without any fault";
            }
        });
        return [.. faults.Where(fault => bad.ContainsKey((fault.TestRoom, fault.Test))).Select(fault => (fault, bad[(fault.TestRoom, fault.Test)]))];
    }

    private static int Report(IReadOnlyList<Fault> faults, ConcurrentDictionary<int, bool> noticed)
    {
        foreach (var missed in faults.Where(fault => !noticed[fault.Number]))
            Console.WriteLine($"missed: {missed.Room}, {missed.File}: {missed.What} (expected of {missed.TestRoom} {missed.Test})");
        var enough = true;
        foreach (var room in faults.GroupBy(fault => fault.Room, StringComparer.Ordinal))
        {
            var (found, of) = (room.Count(fault => noticed[fault.Number]), room.Count());
            enough &= found >= WantedOfRoom * of;
            Console.WriteLine($"{room.Key,-20} {found,3} of {of,3}");
        }
        var total = faults.Count(fault => noticed[fault.Number]);
        Console.WriteLine($"{total} of {faults.Count} faults noticed ({100.0 * total / faults.Count:0.0} %)");
        return enough && total >= Wanted * faults.Count ? 0 : 1;
    }
}
