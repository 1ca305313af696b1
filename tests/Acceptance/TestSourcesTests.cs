using System.Globalization;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>What makes a test fail on a slow machine, or once in a hundred runs, is found in its source.</summary>
[Trait("Category", "Acceptance")]
public sealed partial class TestSourcesTests
{
    /// <summary>What must come is waited for at least so long: where it comes at once nobody waits, and a busy machine may be many times slower than this one.</summary>
    private const double LeastSeconds = 60;

    /// <summary>Whether a line waits for what must come for less than that; what is thrown at the end of a wait is meant not to come.</summary>
    private static bool IsShortWait(string line)
    {
        if (line.Contains("Throws", StringComparison.Ordinal)) return false;
        return Waits().Matches(line).Any(match => double.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture) * (match.Groups["unit"].Value is "Milliseconds" ? 1e-3 : match.Groups["unit"].Value is "Minutes" ? 60 : 1) < LeastSeconds)
            || Milliseconds().Match(line) is { Success: true } exit && int.Parse(exit.Groups["n"].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) < 1000 * LeastSeconds;
    }

    /// <summary>Whether a source hands something out by a counter where several tasks or builders run side by side: who comes first is another one each time.</summary>
    private static bool CountsSideBySide(string source) => SideBySide().IsMatch(source) && CountingIndex().IsMatch(source);

    [Theory]
    [InlineData("await done.Task.WaitAsync(TimeSpan.FromSeconds(10));", true)]
    [InlineData("(await run.EndAsync(TimeSpan.FromSeconds(59.5))).Done();", true)]
    [InlineData("await Home.UntilAsync(() => true, \"it (the silo) is up\", TimeSpan.FromSeconds(20));", true)]
    [InlineData("using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(900));", true)]
    [InlineData("private static readonly TimeSpan _limit = TimeSpan.FromSeconds(15);", true)]
    [InlineData("Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15);", true)]
    [InlineData("Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5));", true)]
    [InlineData("process.WaitForExit(5_000);", true)]
    [InlineData("await done.Task.WaitAsync(TimeSpan.FromSeconds(60));", false)]
    [InlineData("await done.Task.WaitAsync(TimeSpan.FromMinutes(2));", false)]
    [InlineData("await Assert.ThrowsAsync<TimeoutException>(() => never.Task.WaitAsync(TimeSpan.FromSeconds(5)));", false)]
    [InlineData("await Poll.UntilAsync(() => time.GetElapsedTime(began) > TimeSpan.FromSeconds(11), \"a while is over\");", false)]
    [InlineData("await StartAsync(options => options with { IdleUnload = TimeSpan.FromMilliseconds(200) });", false)]
    public void IsShortWait_IsTrueOfWaitsForWhatMustCome(string line, bool isShort) => Assert.Equal(isShort, IsShortWait(line));

    [Theory]
    [InlineData("builder.ConfigureSilo((_, silo) => silo.AddNode(nodes[started++]));", true)]
    [InlineData("builder.ConfigureSilo((_, silo) => silo.AddNode(nodes[Interlocked.Increment(ref started)]));", true)]
    [InlineData("await Task.WhenAll(names.Select(_ => Task.Run(() => Use(names[++next]))));", true)]
    [InlineData("builder.ConfigureSilo((own, silo) => silo.AddNode(nodes[NumberOf(own.SiloName)]));", false)]
    [InlineData("var own = nodes.Select(_ => scores[at++]).ToList();", false)]
    public void CountsSideBySide_IsTrueWhereBuildersShareACounter(string source, bool counts) => Assert.Equal(counts, CountsSideBySide(source));

    [Fact]
    public void Tests_WaitLongForWhatMustCome()
        => Assert.Empty(from file in Sources()
                        from line in File.ReadLines(file).Index()
                        where IsShortWait(line.Item)
                        select $"{Path.GetRelativePath(Programs.Checkout, file)}, line {line.Index + 1}: {line.Item.Trim()}");

    [Fact]
    public void Tests_ShareNoCounterSideBySide()
        => Assert.Empty(Sources().Where(file => CountsSideBySide(File.ReadAllText(file))).Select(file => Path.GetRelativePath(Programs.Checkout, file)));

    // This file holds what it looks for.
    private static IEnumerable<string> Sources()
        => Directory.EnumerateFiles(Path.Combine(Programs.Checkout, "tests"), "*.cs", SearchOption.AllDirectories).Where(file => Path.GetFileNameWithoutExtension(file) != nameof(TestSourcesTests));

    [GeneratedRegex("""
        (?: \b(?:WaitAsync|EndAsync|UntilAsync|Wait)\((?:(?!\ >\ ).)*? | \b(?:late|limit|deadline)\ =\ new\ CancellationTokenSource\( | \bTimeSpan\ _(?:limit|patience|timeout|seconds|ended|deadline)\ =\ | \bElapsed\ <\ ) TimeSpan\.From(?<unit>Seconds|Milliseconds|Minutes)\((?<n>[\d.]+)\)
        | \bElapsed\.TotalSeconds,\ 0,\ (?<n>[\d.]+)\)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Waits();

    [GeneratedRegex(@"\bWaitForExit\((?<n>[\d_]+)\)")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"\bTask\.Run\b|\bParallel\.For|\bTask\.WhenAll\b|\bConfigureSilo\(")]
    private static partial Regex SideBySide();

    [GeneratedRegex(@"\w\[\s*(?:Interlocked\.Increment\([^)]*\)|\+\+\w+|\w+\+\+)\s*\]")]
    private static partial Regex CountingIndex();
}
