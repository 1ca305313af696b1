using AlpacaCot.Client.Running;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Client;

/// <summary>What <c>sweep ask</c> needs before it asks: slots for the bases, and prompts.</summary>
[Collection(nameof(OneConsole))]
public sealed class AskingTests
{
    /// <summary>Trials of one base, held one way, are answered by one slot; another precision or another base needs another.</summary>
    [Theory]
    [InlineData(1, "a+lora+d+none+s0", "a+ia3+d+none+s1")]
    [InlineData(1, "a+lora+d+none+s0", "same+lora+d+none+s0")]
    [InlineData(2, "a+lora+d+none+s0", "half+lora+d+none+s0")]
    [InlineData(3, "a+lora+d+none+s0", "half+lora+d+none+s0", "b+lora+d+none+s0", "b+ia3+d+none+s0")]
    public void Bases_AreCountedOnce(int slots, params string[] trials)
    {
        var spec = SweepDocument.ParseValid("""
            name: x
            models: [{ name: a, path: m/a }, { name: same, path: m/a }, { name: half, path: m/a, load: bf16 }, { name: b, path: m/b }]
            peft: [lora, ia3]
            data: [{ name: d, sources: [goat] }]
            training: { precision: fp32 }
            """);
        var details = new SweepDetails { Name = "x", State = "done", Specification = spec, BaseDirectory = "/", Directory = "/" };
        Assert.Equal(slots, SweepAsking.Bases(details, trials));
    }

    [Fact]
    public void Prompts_AreTheLinesThatAreNotBlank()
    {
        var before = Console.In;
        Console.SetIn(new StringReader("1 + 1\n\n  \n2 + 2"));
        try
        {
            Assert.Equal(["1 + 1", "2 + 2"], SweepAsking.Prompts());
        }
        finally
        {
            Console.SetIn(before);
        }
    }
}
