using System.Text.Json;
using AlpacaCot.Client.Commands;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;

namespace AlpacaCot.Tests.Client;

/// <summary>What commands end with, run from their words on, with real silos and workers behind them.</summary>
[Collection(nameof(OneConsole))]
public sealed class ExitCodeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(string yaml)
    {
        File.WriteAllText(_folder["sweep.yaml"], yaml);
        return _folder["sweep.yaml"];
    }

    /// <summary>Runs a command; what it prints on stdout.</summary>
    private async Task<(int Code, string Output)> RunAsync(string[] words, CancellationToken interrupt = default)
    {
        var (before, output) = (Console.Out, new StringWriter());
        Console.SetOut(output);
        try
        {
            return (await CommandLine.RunAsync(words, () => new ClientContext(new HomeLayout(_folder.Path), PlatformPrograms.Beside(new HomeLayout(_folder.Path), AppContext.BaseDirectory), TimeProvider.System), interrupt), output.ToString());
        }
        finally
        {
            Console.SetOut(before);
        }
    }

    [Theory]
    [InlineData("sweep rum x.yaml")]
    [InlineData("sweep run")]
    [InlineData("sweep status none")]
    [InlineData("sweep validate /no/such/file.yaml")]
    [InlineData("generate --model /no/such/model --prompt x")]
    public async Task WrongRequest_Is2(string line) => Assert.Equal(ExitCodes.Wrong, (await RunAsync(line.Split(' '))).Code);

    [Theory]
    [InlineData("name: x\nmodels: m\npeft: [{ name: l, method: unheard-of }]\ndata: [{ name: d, sources: [goat] }]")]
    [InlineData("name: [")]
    public async Task Validate_WrongFile_Is2(string yaml)
    {
        var (code, output) = await RunAsync(["sweep", "validate", Write(yaml), "--json"]);
        Assert.Equal(ExitCodes.Wrong, code);
        Assert.False(JsonDocument.Parse(output).RootElement.GetProperty("valid").GetBoolean());
        Assert.Equal(ExitCodes.Wrong, (await RunAsync(["sweep", "run", Write(yaml)])).Code);
    }

    [Fact]
    public async Task Cancelled_BeforeItBegins_Is130()
        => Assert.Equal(ExitCodes.Cancelled, (await RunAsync(["sweep", "run", Write("name: x")], new CancellationToken(canceled: true))).Code);

    [Fact]
    public async Task Cancelled_WhileItWorks_Is130()
    {
        using var interrupt = new CancellationTokenSource();
        var work = RunAsync(["model", "pretrain", _folder["base"], "--steps", "5000", "--hidden", "32", "--layers", "1", "--heads", "2"], interrupt.Token);
        // The worker is there when its socket's folder is; whatever it does just then.
        while (!Directory.Exists(_folder["logs"]) && !work.IsCompleted) await Task.Delay(10);
        await interrupt.CancelAsync();
        Assert.Equal(ExitCodes.Cancelled, (await work).Code);
        Assert.False(Directory.Exists(_folder["base"]));
    }

    [Fact]
    public async Task Sweep_AllWell_Is0_ATrialFailed_Is1_AndSaidEverywhere()
    {
        Assert.Equal(ExitCodes.Done, (await RunAsync(["model", "pretrain", _folder["base"], "--steps", "2", "--batch-size", "4", "--hidden", "16", "--layers", "1", "--heads", "2", "--threads", "1"])).Code);
        MakeOverflowing(_folder["base"], _folder["broken"]);
        var yaml = $$"""
            name: mixed
            seeds: [0]
            models: [{ name: base, path: "{{_folder["base"]}}", load: fp32 }, { name: broken, path: "{{_folder["broken"]}}", load: fp32 }]
            peft: [{ name: lora, method: lora, r: 2 }]
            data: [{ name: sums, sources: [{ goat: { operations: [add], digits: [1, 2], style: direct, count: 16, noise: false } }], template: goat }]
            training: { max_steps: 4, batch_size: 4, cutoff_len: 64 }
            decoding: { max_new_tokens: 2 }
            base: false
            evaluation: [{ suite: goat-arithmetic, limit: 1 }]
            """;
        var (code, output) = await RunAsync(["sweep", "run", Write(yaml), "--json"]);
        Assert.Equal(ExitCodes.Failed, code);
        var summary = JsonDocument.Parse(output).RootElement;
        Assert.Equal("failed", summary.GetProperty("state").GetString());
        Assert.Equal(["succeeded", "failed"], summary.GetProperty("trials").EnumerateArray().OrderBy(t => t.GetProperty("name").GetString(), StringComparer.Ordinal).Select(t => t.GetProperty("state").GetString()));
        Assert.Equal((ExitCodes.Failed, "failed"), (await RunAsync(["sweep", "resume", "mixed", "--json"])) is var (again, text) ? (again, JsonDocument.Parse(text).RootElement.GetProperty("state").GetString()) : default);
        Assert.StartsWith("sweep mixed: failed", (await RunAsync(["sweep", "status", "mixed"])).Output, StringComparison.Ordinal);
        Assert.Contains("1 failed", (await RunAsync(["sweep", "list"])).Output, StringComparison.Ordinal);

        Assert.Equal(ExitCodes.Done, (await RunAsync(["sweep", "run", Write(yaml + "\nexclude: [{ model: broken }]\n"), "--name", "well", "--json"])).Code);
    }

    /// <summary>A base whose weights are the largest numbers that there are: its very first loss is none.</summary>
    private static void MakeOverflowing(string model, string copy)
    {
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.EnumerateFiles(model)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        var weights = File.ReadAllBytes(Path.Combine(copy, "model.safetensors"));
        weights.AsSpan(8 + (int)BitConverter.ToInt64(weights)).Fill(0x7f);
        File.WriteAllBytes(Path.Combine(copy, "model.safetensors"), weights);
    }
}

/// <summary>Tests that print, one after the other.</summary>
[CollectionDefinition(nameof(OneConsole), DisableParallelization = true)]
public sealed class OneConsole;
