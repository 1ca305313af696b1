using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Bad input: one line that names the fix, an exit code that says whose fault it is, and nothing half-written.</summary>
[Trait("Category", "Acceptance")]
public sealed class BadInputTests(Bases bases) : IDisposable
{
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Sweep_UnknownKey_IsAnErrorWithLineAndSuggestion()
    {
        var yaml = Sweeps.Tiny(bases.Sums).Replace("training:", "trainig:", StringComparison.Ordinal);
        var line = yaml.Split('\n').ToList().FindIndex(text => text.StartsWith("trainig:", StringComparison.Ordinal)) + 1;
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, yaml))).Refused(2, "trainig", $"line {line}", "training");
        RequireNothingRun();
    }

    [Fact]
    public async Task Sweep_SeveralMistakes_AreToldAtOnce()
    {
        var yaml = Sweeps.Tiny("nowhere/at-all").Replace("method: ia3", "method: ia33", StringComparison.Ordinal).Replace("seeds: [0, 1]", "seeds: [0, 0]", StringComparison.Ordinal);
        var ran = (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, yaml))).Ended(2);
        var errors = ran.Error.Split('\n').Where(line => line.StartsWith("error:", StringComparison.Ordinal)).ToList();
        Assert.Contains(errors, error => error.Contains("ia33", StringComparison.Ordinal) && error.Contains("ia3", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("nowhere/at-all", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("seeds", StringComparison.Ordinal));
        RequireNothingRun();
    }

    [Fact]
    public async Task Sweep_MissingFile_IsAnError() => (await _home.RunAsync("sweep", "run", "nowhere.yaml")).Refused(2, "nowhere.yaml");

    [Fact]
    public async Task Sweep_UnknownName_IsAnError() => (await _home.RunAsync("sweep", "status", "nobody")).Refused(2, "nobody", "sweep list");

    [Theory]
    [InlineData("truncated", "model.safetensors", "download complete")]
    [InlineData("shape", "down_proj", "expected")]
    [InlineData("vocabulary", "ids", "tokenizer")]
    [InlineData("config", "config.json", "")]
    [InlineData("pointer", "model.safetensors", "Git LFS pointer")]
    [InlineData("not-finite", "model.safetensors", "not finite")]
    [InlineData("quantised", "quantization_config", "config.json")]
    public async Task Model_Damaged_IsAnErrorForToolsAndSweeps(string how, string names, string also)
    {
        var model = Damage(how);
        (await _home.RunAsync("generate", "--model", model, "--prompt", "1 + 1", "--max-new-tokens", "1")).Refused(2, names, also);
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(model)))).Refused(2, names, also);
        RequireNothingRun();
    }

    [Theory]
    [InlineData("empty.json", "[]")]
    [InlineData("empty.tsv", "")]
    [InlineData("cut.json", "[{\"instruction\": \"a\", \"output\": \"b\"}, {\"instruc")]
    public async Task Data_EmptyOrCut_IsAnErrorForToolsAndSweeps(string name, string content)
    {
        await File.WriteAllTextAsync(_home[name], content);
        (await _home.RunAsync("train", "--model", bases.Sums, "--data", _home[name], "--out", _home["out"])).Refused(2, name);
        var yaml = Sweeps.Tiny(bases.Sums);
        var at = yaml.IndexOf("    sources:", StringComparison.Ordinal);
        yaml = string.Concat(yaml.AsSpan(0, at), $"    sources: [{{ path: {name} }}]", yaml.AsSpan(yaml.IndexOf('\n', at)));
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, yaml))).Refused(2, name);
        RequireNothing("out");
        RequireNothingRun();
    }

    [Fact]
    public async Task Data_MissingFile_IsAnError()
    {
        (await _home.RunAsync("train", "--model", bases.Sums, "--data", "nowhere.json", "--out", _home["out"])).Refused(2, "nowhere.json");
        RequireNothing("out");
    }

    [Fact]
    public async Task Output_ThereAlready_IsNotWrittenOver()
    {
        Directory.CreateDirectory(_home["out"]);
        await File.WriteAllTextAsync(_home["out/precious.txt"], "x");
        (await _home.RunAsync("model", "convert", bases.Sums, _home["out"])).Refused(2, "out", "there already");
        Assert.Equal([_home["out/precious.txt"]], Directory.EnumerateFileSystemEntries(_home["out"]));
    }

    [Theory]
    [InlineData("swep")]
    [InlineData("sweep", "rum", "x.yaml")]
    [InlineData("generate", "--modle", "x", "--prompt", "y")]
    [InlineData("generate", "--model", "x")]
    [InlineData("model", "pretrain", "out", "--steps", "many")]
    public async Task CommandLine_Wrong_IsAnError(params string[] arguments)
    {
        var ran = (await _home.RunAsync(arguments)).Ended(2);
        Assert.StartsWith("error: ", ran.Error, StringComparison.Ordinal);
        Assert.Contains("--help", ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        Assert.Empty(ran.Output);
    }

    [Fact]
    public async Task Silo_PortInUse_IsAnError()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        (await _home.RunAsync("silo", "--port", port)).Refused(2, port, "in use", "--port");
        Assert.Empty(_home.Processes());
    }

    [Fact]
    public async Task Silo_SecondOnOneHome_IsAnError()
    {
        var first = _home.Start("silo");
        await Home.UntilAsync(() => File.Exists(_home["run/silo.sock"]), "the first silo listens");
        (await _home.RunAsync("silo")).Refused(2, "in use");
        // The first one is none the worse for it.
        Assert.Empty((await _home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray());
        Assert.Equal(1, _home.Kill("Silo"));
        await first.EndAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Convert_DiskFull_LeavesNothing()
    {
        (await _home.RunLimitedAsync(16, "model", "convert", bases.Sums, _home["out"])).Failed("out");
        RequireNothing("out");
    }

    [Fact]
    public async Task Train_DiskFull_LeavesNothing()
    {
        (await _home.RunLimitedAsync(16, "train", "--model", bases.Sums, "--data", "goat:addition", "--out", _home["out"], "--r", "64", "--max-steps", "1", "--precision", "fp32")).Failed("limit");
        RequireNothing("out");
    }

    [Fact]
    public async Task Sweep_DiskFull_FailsInOneLineAndRunsLaterWhenThereIsSpace()
    {
        var file = Sweeps.Write(_home, Sweeps.Tiny(bases.Sums).Replace("r: 4,", "r: 2048,", StringComparison.Ordinal));
        // Room for the sweep's record, none for an adapter.
        var failed = await _home.RunLimitedAsync(512, "sweep", "run", file);
        Assert.Equal(1, failed.Code);
        Assert.DoesNotContain("   at ", failed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_home.Root, "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal) || f.EndsWith(".partial", StringComparison.Ordinal));
        var again = (await _home.RunAsync("sweep", "resume", "tiny", "--retry-failed", "--json")).Done().Json();
        Assert.All(again.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Sweep_DiskFullForItsRecord_IsNotTakenAndSaysWhy()
    {
        var file = Sweeps.Write(_home, Sweeps.Tiny(bases.Sums));
        (await _home.RunLimitedAsync(8, "sweep", "run", file)).Failed("state");
        Assert.Empty((await _home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray());
        (await _home.RunAsync("sweep", "run", file)).Done();
    }

    private string Damage(string how)
    {
        var model = _home["damaged"];
        Directory.CreateDirectory(model);
        foreach (var file in Directory.EnumerateFiles(bases.Sums)) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        switch (how)
        {
            case "truncated":
                using (var weights = File.Open(Path.Combine(model, "model.safetensors"), FileMode.Open)) weights.SetLength(weights.Length - 100);
                break;
            case "shape":
                Edit("config.json", json => json["intermediate_size"] = (int)json["intermediate_size"]! + 2);
                break;
            case "vocabulary":
                Edit("tokenizer.json", json => json["added_tokens"]!.AsArray().Add(new JsonObject
                {
                    ["id"] = 4000, ["content"] = "<extra>", ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true,
                }));
                break;
            case "pointer":
                File.WriteAllText(Path.Combine(model, "model.safetensors"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1044992\n");
                break;
            case "not-finite":
                using (var weights = File.Open(Path.Combine(model, "model.safetensors"), FileMode.Open))
                {
                    // The last value of the last tensor.
                    weights.Seek(-sizeof(float), SeekOrigin.End);
                    weights.Write(BitConverter.GetBytes(float.NaN));
                }
                break;
            case "quantised":
                Edit("config.json", json => json["quantization_config"] = new JsonObject { ["quant_method"] = "gptq" });
                break;
            case "config":
                File.Delete(Path.Combine(model, "config.json"));
                break;
            default:
                throw new ArgumentException(how);
        }
        return model;

        void Edit(string name, Action<JsonNode> change)
        {
            var path = Path.Combine(model, name);
            var json = JsonNode.Parse(File.ReadAllText(path))!;
            change(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }

    /// <summary>Neither the output nor a partial one beside it.</summary>
    private void RequireNothing(string output) => Assert.Empty(Directory.EnumerateFileSystemEntries(_home.Root, output + "*"));

    private void RequireNothingRun() => Assert.False(Directory.Exists(_home["experiments"]), "a refused sweep leaves no folder");
}
