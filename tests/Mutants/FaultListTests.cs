namespace AlpacaCot.Tests.Mutants;

/// <summary>The lists stay true to the sources, so that a run never fails on a fault that can no longer be planted.</summary>
public sealed class FaultListTests
{
    private static readonly string _checkout = Checkout();

    private static IReadOnlyList<Fault> Faults => Fault.ReadAll(Path.Combine(_checkout, "tests", "Mutants", "Faults"));

    [Fact]
    public void Pieces_InTheirFiles_StandThereOnce()
        => Assert.Empty(from fault in Faults
                        let source = File.Exists(Path.Combine(_checkout, fault.File)) ? File.ReadAllText(Path.Combine(_checkout, fault.File)) : ""
                        where source.Split(fault.Find).Length != 2
                        select $"{fault.Room}: {fault.What}: {fault.File} holds it {source.Split(fault.Find).Length - 1} times");

    [Fact]
    public void Tests_OfEveryFault_Exist()
    {
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        string SourceOf(string room) => sources.TryGetValue(room, out var known) ? known : sources[room] = !Directory.Exists(Path.Combine(_checkout, "tests", room)) ? ""
            : string.Concat(Directory.EnumerateFiles(Path.Combine(_checkout, "tests", room), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.Empty(from fault in Faults
                     where !SourceOf(fault.TestRoom).Contains($"class {fault.TestClass}", StringComparison.Ordinal)
                         || (fault.Test.Contains('.') && !SourceOf(fault.TestRoom).Contains($" {fault.Test.Split('.')[1]}(", StringComparison.Ordinal))
                     select $"{fault.Room}: {fault.What}: no test {fault.TestRoom} {fault.Test}");
    }

    /// <summary>A piece becomes one side of a conditional, or of an if: half an expression, or a declaration that later lines need, would not compile there.</summary>
    [Fact]
    public void Pieces_AreWholeExpressionsOrStatements()
        => Assert.Empty(from fault in Faults
                        where !fault.IsWhole
                        select $"{fault.Room}: {fault.What}: {fault.Find}");

    [Theory]
    [InlineData("token.Trim()", true)]
    [InlineData("list[^1] is ';' or '}'", true)]
    [InlineData("if (a < b) return Bad($\"[{a}\");", true)]
    [InlineData("(a + b) * c", true)]
    [InlineData("-a", true)]
    [InlineData("|| other", false)]
    [InlineData("is { Count: > 0 } unknown", false)]
    [InlineData("? first : second", false)]
    [InlineData("(a == b) throw", false)]
    [InlineData("Ask(first, second", false)]
    [InlineData("Name = Text(\"name\")", false)]
    [InlineData("var half = all / 2;", false)]
    public void IsWhole_OfAPiece(string find, bool whole) => Assert.Equal(whole, new Fault(1, "r", "w", "f", find, "p", "t", "T").IsWhole);

    [Theory]
    [InlineData(7, 3, "2 4 7")]
    [InlineData(3, 7, "1 2 3")]
    [InlineData(3, 1, "3")]
    public void Spread_OfAList_LiesEvenlyAndHoldsItsLast(int count, int most, string numbers)
        => Assert.Equal(numbers, string.Join(' ', FaultRun.Spread([.. Enumerable.Range(1, count).Select(n => new Fault(n, "r", "w", "f", "a", "b", "t", "T"))], most).Select(fault => fault.Number)));

    [Fact]
    public void Plants_AreNotThePiece() => Assert.DoesNotContain(Faults, fault => fault.Plant == fault.Find);

    private static string Checkout()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "AlpacaCot.Orleans.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("the tests run outside a checkout");
        return folder;
    }
}
