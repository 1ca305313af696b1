using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>Whatever is in a file or a message from outside: it is read, or refused by the format's own exception in one line, in time and within memory.</summary>
public sealed class FuzzTests(ITestOutputHelper output) : IDisposable
{
    private const double MostMegabytes = 1000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Names => [.. Targets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_AThousandInputs_ReadOrRefused(string name)
    {
        var result = new FuzzLoop(Targets.All.Single(target => target.Name == name), _folder.Path, seed: 20260101).Run(1000);

        output.WriteLine(result.ToString());
        Assert.Empty(result.Failures);
    }

    [Fact, Trait("Category", "Soak")]
    public void Read_AMillionInputsGuidedByCoverage_ReadOrRefusedWithinTimeAndMemory()
    {
        Assert.SkipUnless(PropertyTestAttribute.Soak, "long: ./alpacacot test --soak");
        var program = InstrumentedCopy.Make(Directory.CreateDirectory(_folder["program"]).FullName);
        var results = new List<FuzzResult>();
        foreach (var target in Targets.All)
        {
            // A process each: one that ends with a signal, or takes all memory, is known by its target.
            // One processor: branches are counted in the order of one thread, where two that took turns would seem to take new ones for ever.
            using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "fuzz", target.Name, target.LongRun.ToString(CultureInfo.InvariantCulture), "1", _folder[target.Name]])
            {
                RedirectStandardOutput = true, Environment = { ["DOTNET_PROCESSOR_COUNT"] = "1" },
            })!;
            var answer = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{target.Name}: ended with {process.ExitCode}: {answer}");
            results.Add(JsonSerializer.Deserialize<FuzzResult>(answer)!);
            output.WriteLine(results[^1].ToString());
        }
        output.WriteLine($"{results.Sum(result => result.Inputs)} inputs in all");
        Assert.Empty(results.SelectMany(result => result.Failures));
        Assert.All(results, result => Assert.InRange(result.PeakMegabytes, 0, MostMegabytes));
        Assert.True(results.Sum(result => result.Inputs) >= 1_000_000);
    }
}
