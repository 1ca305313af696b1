using System.Collections.Concurrent;

namespace AlpacaCot.Tests.Mutants;

/// <summary>Plants every fault of the lists, one at a time, and counts which of them the tests notice.</summary>
internal static class FaultRun
{
    // Of all faults 95 % must be noticed and of each room's 85 %: below that, tests are missing.
    private const double Wanted = 0.95, WantedOfRoom = 0.85;

    /// <summary>Runs the lists of some rooms, or of all.</summary>
    /// <returns>0 where enough faults were noticed, else 1.</returns>
    public static int Run(string checkout, IReadOnlyList<string> rooms)
    {
        var all = Fault.ReadAll(Path.Combine(checkout, "tests", "Mutants", "Faults"));
        var faults = all.Where(fault => rooms.Count == 0 || rooms.Contains(fault.Room)).ToList();
        if (faults.Count == 0) throw new FormatException($"no faults of {string.Join(", ", rooms)}; there are lists of {string.Join(", ", all.Select(fault => fault.Room).Distinct())}");
        Console.Error.WriteLine($"building a copy with {all.Count} faults behind switches");
        var tree = new PlantedTree(checkout, Path.Combine(checkout, "artifacts", "mutants"));
        tree.Build(all);
        RequireGreen(tree, faults);

        var noticed = new ConcurrentDictionary<int, bool>();
        Parallel.ForEach(faults, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, fault =>
        {
            noticed[fault.Number] = !tree.Test(fault, planted: true).Passed;
            Console.Error.WriteLine($"{noticed.Count,4}/{faults.Count} {(noticed[fault.Number] ? "noticed" : "MISSED ")} {fault.Room}: {fault.What}");
        });
        return Report(faults, noticed);
    }

    // A test that fails, or that finds nothing to run, without any fault would seem to notice all of them.
    private static void RequireGreen(PlantedTree tree, IReadOnlyList<Fault> faults)
    {
        var bad = new ConcurrentBag<string>();
        var (every, options) = (faults.DistinctBy(fault => (fault.TestRoom, fault.Test)).ToList(), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount });
        // All of a project in one process, which is much quicker; one by one only where that does not go well.
        Parallel.ForEach(every.GroupBy(fault => (fault.TestRoom, fault.Test.Contains('.'))), options, together =>
        {
            var (passed, tests) = tree.Test(together.Key.TestRoom, [.. together.Select(fault => fault.Test)]);
            if (passed && tests >= together.Count()) return;
            foreach (var fault in together)
            {
                (passed, tests) = tree.Test(fault, planted: false);
                if (!passed || tests == 0) bad.Add($"{fault.TestRoom} {fault.Test} {(tests == 0 ? "finds no test" : "fails without any fault")}");
            }
        });
        if (!bad.IsEmpty) throw new InvalidOperationException(string.Join('\n', bad.Order(StringComparer.Ordinal)));
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
