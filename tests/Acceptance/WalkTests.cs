using System.Text.Json;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A new user's first day: everything goes well or says what to do, and no path is ever guessed.</summary>
[Trait("Category", "Acceptance")]
public sealed partial class WalkTests(Bases bases) : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(400);
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    /// <summary>A command that the platform has printed, run as a shell takes it, in the home's folder.</summary>
    private Task<Ran> ShellAsync(string command)
        => _home.StartProgram("/bin/bash", "-c", command.Replace("./alpacacot", $"'{Programs.Client}'", StringComparison.Ordinal)).EndAsync(_limit);

    private async Task<string> StateAsync(string sweep)
    {
        var status = (await _home.RunAsync("sweep", "status", sweep, "--json")).Done().Json();
        return status.GetProperty("state").GetString()!;
    }

    private const string Rows = """
        {"instruction": "1 + 2", "output": "3"}
        {"instruction": "2 + 2", "output": "4"}
        {"instruction": "3 + 5", "output": "8"}
        {"instruction": "4 + 1", "output": "5"}
        """;

    private static string Sweep(string name, string seeds, string data = "rows.jsonl") => $$"""
        name: {{name}}
        seeds: [{{seeds}}]
        models: [{ name: own, path: own }]
        peft:
          - { name: lora, method: lora, r: 2 }
          - { name: ia3, method: ia3 }
        data: [{ name: mine, sources: [{{data}}] }]
        template: plain
        training: { max_steps: 3, batch_size: 2, cutoff_len: 64, precision: fp32 }
        decoding: { max_new_tokens: 4 }
        evaluation: [{ suite: exact-match, options: { file: questions.csv, extract: last_number } }]
        """;

    [Fact]
    public async Task FirstDay_OwnModelOwnFilesOwnSweep()
    {
        // An own model, brought in twice.
        (await _home.RunAsync("model", "convert", bases.Sums, "own")).Done();
        (await _home.RunAsync("model", "convert", bases.Sums, "own")).Refused(2, "own", "--force");
        (await _home.RunAsync("model", "convert", bases.Sums, "own", "--force")).Done();
        Assert.Contains("llama", (await _home.RunAsync("model", "show", "own")).Done().Output, StringComparison.Ordinal);

        // Own files: questions from a table, rows for training, and conversations of another tool.
        File.WriteAllText(_home["questions.csv"], "question,answer\n1 + 1,2\n2 + 3,5\n4 + 4,8\n");
        File.WriteAllText(_home["rows.jsonl"], Rows);
        File.WriteAllText(_home["chats.json"], """[{"conversations": [{"from": "human", "value": "1 + 1"}, {"from": "gpt", "value": "2"}]}]""");
        (await _home.RunAsync("data", "show", "chats.json", "--model", "own", "--template", "plain")).Done();

        // An own sweep with three mistakes: all of them at once, each with its line; put right, it may run.
        var wrong = Sweeps.Write(_home, Sweep("mine", "0, 1").Replace("method: ia3", "method: ia4", StringComparison.Ordinal).Replace("path: own", "path: owm", StringComparison.Ordinal)
            .Replace("batch_size", "batchsize", StringComparison.Ordinal), "mine.yaml");
        var mistakes = (await _home.RunAsync("sweep", "validate", wrong)).Ended(2).Output;
        foreach (var says in (string[])["line 3", "line 6", "'ia3'", "line 9", "'batch_size'", "did you mean 'own'?", "3 errors"]) Assert.Contains(says, mistakes, StringComparison.Ordinal);
        (await _home.RunAsync("sweep", "run", wrong)).Ended(2);
        (await _home.RunAsync("sweep", "run", "mime.yaml")).Refused(2, "mime.yaml", "did you mean 'mine.yaml'?");
        var file = Sweeps.Write(_home, Sweep("mine", "0, 1"), "mine.yaml");
        (await _home.RunAsync("sweep", "validate", file)).Done();
        Assert.Contains("⟦", (await _home.RunAsync("data", "show", "--sweep", file, "--data", "mine")).Done().Output, StringComparison.Ordinal);

        // Detached; looked at and followed from elsewhere.
        (await _home.RunAsync("sweep", "run", file, "--detach")).Done();
        var listed = (await _home.RunAsync("sweep", "list", "--json")).Done().Json()[0].GetProperty("state").GetString();
        Assert.True(listed == "running" || listed == await StateAsync("mine"));
        (await _home.RunAsync("sweep", "watch", "mine")).Done();
        Assert.Equal("done", await StateAsync("mine"));

        // One trial: its adapter says what it is, its log what happened, and its commands are taken as they stand.
        var trial = "own+lora+mine+none+s1";
        (await _home.RunAsync("sweep", "show", "mine")).Done();
        (await _home.RunAsync("sweep", "show", "mine", "own+lora+mine+none+s7")).Refused(2, "did you mean 'own+lora+mine+none+s");
        Assert.Contains("expected", (await _home.RunAsync("sweep", "show", "mine", trial)).Done().Output, StringComparison.Ordinal);
        var shown = (await _home.RunAsync("sweep", "show", "mine", trial, "--json")).Done().Json();
        var adapter = shown.GetProperty("adapter").GetString()!;
        Assert.Equal(2, JsonDocument.Parse(File.ReadAllText(Path.Combine(adapter, "trial.json"))).RootElement.GetProperty("peft").GetProperty("r").GetInt32());
        Assert.Contains($"{trial} is done", File.ReadAllText(shown.GetProperty("log").GetString()!), StringComparison.Ordinal);
        var commands = shown.GetProperty("commands");
        (await ShellAsync(commands.GetProperty("ask").GetString()!)).Done();
        (await _home.RunAsync("sweep", "ask", "mine", trial, "own+ia3+mine+none+s1", "--prompt", "2 + 3", "--max-new-tokens", "4")).Done();

        // Merged it gives the sweep's numbers, and nobody names the template again.
        var wanted = shown.GetProperty("results")[0].GetProperty("metrics").GetProperty("digit_match").GetDouble();
        var evaluate = commands.GetProperty("evaluate")[0].GetString()!;
        Assert.Equal(wanted, Figure(await ShellAsync($"{evaluate} --json")), 9);
        (await ShellAsync(commands.GetProperty("merge").GetString()!)).Done();
        var merged = OutOf().Match(commands.GetProperty("merge").GetString()!).Groups[1].Value;
        Assert.Equal(wanted, Figure(await ShellAsync($"{AdapterOf().Replace(ModelOf().Replace(evaluate, $" --model {merged}"), "")} --json")), 2);

        // One axis more: what is there already is taken over, only the rest is computed.
        var more = (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweep("more", "0, 1, 2"), "more.yaml"), "--json")).Done().Json();
        foreach (var one in more.GetProperty("trials").EnumerateArray())
            Assert.Equal(one.GetProperty("name").GetString()!.EndsWith("s2", StringComparison.Ordinal) ? null : "default/mine", one.GetProperty("taken_over_from").GetString());
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweep("mine", "0"), "other.yaml"))).Refused(2, "mine", "--name");

        // Deleted; what others took over stays, and so do the adapters that are kept.
        (await _home.RunAsync("sweep", "delete", "mine", "--keep-adapters")).Done();
        Assert.Equal(4, Directory.EnumerateDirectories(_home["adapters/default/mine"]).Count());
        Assert.Equal("more", Assert.Single((await _home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray()).GetProperty("name").GetString());
        (await _home.RunAsync("sweep", "show", "mine")).Refused(2, "mine");
        (await _home.RunAsync("sweep", "ask", "more", trial, "--prompt", "1 + 1", "--max-new-tokens", "2")).Done();
        var before = (await _home.RunAsync("disk", "--json")).Done().Json();
        var freed = (await _home.RunAsync("disk", "clean", "--json")).Done().Json().GetProperty("bytes").GetInt64();
        Assert.Equal(before.GetProperty("removable").GetInt64(), freed);
        Assert.True(freed > 0);
        (await _home.RunAsync("sweep", "ask", "more", trial, "--prompt", "1 + 1", "--max-new-tokens", "2")).Done();
        // Another file under the same name, where that is meant: the old one goes first, with its files.
        Assert.Equal(3, (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweep("more", "5"), "more.yaml"), "--force", "--json")).Done().Json().GetProperty("trials").GetArrayLength());
        await Home.UntilAsync(() => _home.Processes().Count == 0, "nothing is left running", TimeSpan.FromSeconds(60));
    }

    private static double Figure(Ran ran) => ran.Done().Json().GetProperty("results").GetProperty("exact-match").GetProperty("digit_match").GetProperty("value").GetDouble();

    [Fact]
    public async Task Looks_StartNoSilo_AndAgree()
    {
        (await _home.RunAsync("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums)), "--json")).Done();
        await Home.UntilAsync(() => _home.Processes().Count == 0, "the command's silo ends with it", TimeSpan.FromSeconds(60));
        var log = new FileInfo(_home["logs/silo.log"]);
        var written = log.Length;
        string[][] looks = [["list"], ["status", "tiny"], ["watch", "tiny"], ["show", "tiny"], ["show", "tiny", "nano+lora+sums+none+s0"]];
        foreach (var look in looks)
        {
            (await _home.RunAsync(["sweep", .. look])).Done();
            Assert.Empty(_home.Processes());
        }
        (await _home.RunAsync("disk")).Done();
        log.Refresh();
        Assert.Equal(written, log.Length);
    }

    [Fact]
    public async Task Init_IsASweepThatRunsAsItStands()
    {
        (await _home.RunAsync("init", "study.yaml", "--model", bases.Sums)).Done();
        (await _home.RunAsync("init", "study.yaml", "--model", bases.Sums)).Refused(2, "study.yaml", "--force");
        (await _home.RunAsync("init", "study.yaml", "--model", bases.Sums, "--force")).Done();
        (await _home.RunAsync("sweep", "validate", "study.yaml")).Done();
        var ran = (await _home.RunAsync("sweep", "run", "study.yaml", "--json")).Done().Json();
        Assert.All(ran.GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }

    /// <summary>What stands in the README is a sweep: beside files of the names that it gives, it validates as it is.</summary>
    [Fact]
    public async Task Readme_SweepValidatesAsItStands()
    {
        var yaml = Assert.Single(Yaml().Matches(File.ReadAllText(Path.Combine(Programs.Checkout, "README.md"))), block => block.Groups[1].Value.Contains("models:", StringComparison.Ordinal)).Groups[1].Value;
        (await _home.RunAsync("model", "convert", bases.Sums, "models/llama-nano")).Done();
        File.WriteAllText(_home["alpaca.json"], $"[{string.Join(',', Rows.Split('\n'))}]");
        File.WriteAllText(_home["gsm8k_train.tsv"], string.Concat(Enumerable.Range(1, 4).Select(n => $"What is {n} + {n}?\t{n + n}\tIt is twice {n}.\n")));
        Assert.Contains("trainings", (await _home.RunAsync("sweep", "validate", Sweeps.Write(_home, yaml))).Done().Output, StringComparison.Ordinal);
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Yaml();

    [GeneratedRegex(@"--out (\S+)")]
    private static partial Regex OutOf();

    [GeneratedRegex(@" --model \S+")]
    private static partial Regex ModelOf();

    [GeneratedRegex(@" --adapter \S+")]
    private static partial Regex AdapterOf();
}
