using Xunit;

[assembly: AssemblyFixture(typeof(AlpacaCot.Tests.Acceptance.Bases))]

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Small bases that are pretrained once for all tests. Classes of tests run side by side, each with homes of its own.</summary>
public sealed class Bases : IAsyncLifetime
{
    private readonly Home _home = new();
    private readonly Lock _gate = new();
    private Task<string>? _words;

    /// <summary>A base of one block that has seen a few short sums.</summary>
    public string Sums => _home["sums"];

    /// <summary>A base of one block that has seen some of the real rows; skips the test where there are none.</summary>
    public Task<string> WordsAsync()
    {
        lock (_gate)
            return _words ??= PretrainAsync(
                "words", "--task", "text", "--text", RealData.File("instructions/alpaca_tiny.json"), RealData.File("cot/gsm8k_train.tsv"), "--vocab", "512", "--steps", "8", "--batch-size", "4");
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
        => await PretrainAsync("sums", "--task", "arithmetic", "--style", "direct", "--digits", "2", "--steps", "20", "--batch-size", "16");

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _home.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<string> PretrainAsync(string name, params string[] recipe)
    {
        var folder = _home[name];
        (await _home.RunAsync(["model", "pretrain", folder, "--hidden", "32", "--layers", "1", "--heads", "2", "--seed", "0", .. recipe])).Done();
        return folder;
    }
}

/// <summary>Tests of clusters and of ends within seconds: nothing else runs beside them that would move those.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneAtATime
{
    /// <summary>The collection's name.</summary>
    public const string Name = "one at a time";
}
