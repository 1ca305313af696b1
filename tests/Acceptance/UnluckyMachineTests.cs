namespace AlpacaCot.Tests.Acceptance;

/// <summary>What machines do to programs: streams that are closed or full, homes that are none, narrow terminals, other locales.</summary>
[Trait("Category", "Acceptance")]
public sealed class UnluckyMachineTests(Bases bases) : IDisposable
{
    private const string Script = "/usr/bin/script";
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    private Task<Ran> ShellAsync(string script, params string[] arguments) => _home.StartProgram("/bin/bash", ["-c", script, "bash", Programs.Client, .. arguments]).EndAsync(_limit);

    /// <summary>What cannot be printed is a failure, and never the end of the process by a signal.</summary>
    [Theory]
    [InlineData("exec \"$@\" >/dev/full", 1, "sweep", "list")]
    [InlineData("exec \"$@\" >/dev/full 2>/dev/full", 1, "sweep", "list")]
    [InlineData("exec \"$@\" >&-", 1, "sweep", "list")]
    [InlineData("exec \"$@\" >&- 2>&-", 1, "sweep", "list")]
    [InlineData("exec \"$@\" <&- >&- 2>&-", 1, "sweep", "list")]
    [InlineData("exec \"$@\" <&-", 0, "sweep", "list")]
    [InlineData("exec \"$@\" 2>&-", 0, "sweep", "list")]
    [InlineData("exec \"$@\" 2>/dev/full", 2, "swep")]
    [InlineData("exec \"$@\" 2>&-", 2, "swep")]
    [InlineData("exec \"$@\" <&- >&- 2>&-", 2, "swep")]
    [InlineData("exec \"$@\" >/dev/full", 1, "--help")]
    [InlineData("\"$@\" | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", 0, "sweep", "list")]
    public async Task Streams_ClosedOrFull_TheExitCodeTells(string script, int code, params string[] arguments) => (await ShellAsync(script, arguments)).Ended(code);

    /// <summary>The numbers of closed streams are given to the next files that are opened: nothing may be printed into those.</summary>
    [Fact]
    public async Task Run_AllStreamsClosed_DoesItsWork_AndSaysByItsCodeThatTheResultIsNotPrinted()
    {
        var file = Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "silent", steps: 2, items: 1));
        (await ShellAsync("exec \"$@\" <&- >&- 2>&-", "sweep", "run", file)).Ended(1);
        Assert.Equal("done", (await _home.RunAsync("sweep", "status", "silent", "--json")).Done().Json().GetProperty("state").GetString());
    }

    [Fact]
    public async Task Home_ThatIsAFile_IsOneLineWithTheFix()
    {
        await File.WriteAllTextAsync(_home["file"], "x");
        foreach (var program in (string[])[Programs.Client, Programs.Silo])
        {
            string[] arguments = program == Programs.Client ? ["sweep", "list"] : [];
            (await _home.StartProgram("/usr/bin/env", [$"{Home.Variable}={_home["file"]}", program, .. arguments]).EndAsync(_limit)).Refused(2, "file", "is a file", $"set {Home.Variable}");
        }
        Assert.Equal("x", await File.ReadAllTextAsync(_home["file"]));
    }

    [Fact]
    public async Task Home_ThatNobodyNamed_IsNotTheWorkingFolder()
    {
        // A user without a name has the root folder as home, and may not write there.
        (await AsAnotherUser.Start(_home, null, Programs.Client, "sweep", "list").EndAsync(_limit)).Refused(2, "/.alpacacot", $"set {Home.Variable}");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_home.Root));
    }

    [Fact]
    public async Task Home_Of200Characters_RunsASweep()
    {
        var root = _home[new string('h', 200)];
        Running Start(params string[] arguments) => _home.StartProgram("/usr/bin/env", [$"{Home.Variable}={root}", Programs.Client, .. arguments]);
        (await Start("generate", "--model", bases.Sums, "--prompt", "1 + 1", "--max-new-tokens", "1").EndAsync(_limit)).Done();
        var file = Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "long", steps: 2, items: 1));
        Assert.Equal("done", (await Start("sweep", "run", file, "--json").EndAsync(_limit)).Done().Json().GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("tr_TR.UTF-8")]
    [InlineData("de_DE.UTF-8")]
    [InlineData("ar_SA.UTF-8")]
    [InlineData("fa_IR.UTF-8")]
    [InlineData("th_TH.UTF-8")]
    public async Task Locale_AnyOther_SameFilesAndSameNumbers(string locale)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        async Task<(string Metrics, SortedDictionary<string, string> Files)> RunAsync(Home home, string named)
        {
            var file = Sweeps.Write(home, Sweeps.Tiny(bases.Sums, "local", steps: 3, items: 2));
            var ran = (await home.StartProgram("/usr/bin/env", $"LC_ALL={named}", $"LANG={named}", Programs.Client, "sweep", "run", file, "--json").EndAsync(_limit)).Done().Json();
            var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var name in (string[])["adapter_model.safetensors", "adapter_config.json", "losses.json"])
                foreach (var (member, bytes) in Sweeps.FilesOf(home, "local", name)) files[$"{member}/{name}"] = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes));
            return (ran.GetProperty("trials").GetRawText() + ran.GetProperty("aggregates").GetRawText(), files);
        }

        using var plain = new Home();
        var (expected, actual) = (await RunAsync(plain, "C.UTF-8"), await RunAsync(_home, locale));
        Assert.Equal(expected.Metrics, actual.Metrics);
        Assert.Equal(12, actual.Files.Count);
        Assert.Equal(expected.Files, actual.Files);
    }

    private async Task<string> OnTerminalAsync(string columns, string environment, string command)
    {
        Assert.SkipUnless(File.Exists(Script), "a terminal is made by the program 'script'");
        var ran = await _home.StartProgram(Script, "-qec", $"stty cols {columns} rows 24; {environment} {Programs.Client} {command}", "/dev/null").EndAsync(_limit);
        // The runtime puts a terminal into application mode at its start; nothing is shown by that.
        return ran.Output.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("20", "TERM=xterm-256color")]
    [InlineData("200", "TERM=dumb")]
    public async Task Terminal_NarrowOrDumb_ShowsPlainLines(string columns, string environment)
    {
        var shown = await OnTerminalAsync(columns, environment, "doctor");
        Assert.DoesNotContain('\u001b', shown);
        Assert.Contains("home: " + _home.Root, shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_WithRoom_ShowsATable_WithoutColoursWhereNoneAreWanted()
    {
        Assert.Contains("\u001b[38;5;2mok", await OnTerminalAsync("150", "TERM=xterm-256color", "doctor"), StringComparison.Ordinal);
        var plain = await OnTerminalAsync("150", "TERM=xterm-256color NO_COLOR=1", "doctor");
        Assert.DoesNotContain("\u001b[3", plain, StringComparison.Ordinal);
        Assert.Contains("home", plain, StringComparison.Ordinal);
    }

    /// <summary>What a stranger's prompt or model says reaches no terminal as a command to it.</summary>
    [Fact]
    public async Task Output_WithControlSequences_IsShownAndNotObeyed()
    {
        const string Clipboard = "\u001b]52;c;cm0gLXJm\u0007";
        var ran = (await _home.RunAsync("generate", "--model", bases.Sums, "--prompt", $"1{Clipboard}", "--max-new-tokens", "1", "--raw")).Done();
        Assert.DoesNotContain('\u001b', ran.Output);
        Assert.Contains("1\\u001b]52;c;cm0gLXJm\\u0007", ran.Output, StringComparison.Ordinal);
        var json = (await _home.RunAsync("generate", "--model", bases.Sums, "--prompt", $"1{Clipboard}", "--max-new-tokens", "1", "--raw", "--json")).Done();
        Assert.StartsWith($"1{Clipboard}", json.Json().GetProperty("text").GetString(), StringComparison.Ordinal);
        foreach (var wrong in (string[][])[["generate", "--model", $"no{Clipboard}", "--prompt", "x"], [$"sw{Clipboard}"], ["sweep", "status", $"s{Clipboard}"]])
        {
            var refused = (await _home.RunAsync(wrong)).Ended(2);
            Assert.DoesNotContain('\u001b', refused.Error);
            Assert.Contains("\\u001b]52", refused.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>Without the script that starts it: the runtime alone would end by a signal where a file may not grow.</summary>
    [Fact]
    public async Task FileSizeLimit_BareClient_IsAnError()
    {
        var ran = await ShellAsync("ulimit -f 16; exec \"$@\"", "model", "convert", bases.Sums, _home["out"]);
        ran.Failed("out");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_home.Root, "out*"));
    }

    /// <summary>Longer than a node may be silent, and a session: whoever was not heard because the silo itself stood still has lost nothing.</summary>
    [Fact]
    public async Task Silo_StoppedForAWhile_LosesNothing()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "paused", steps: 400, checkpointSteps: 10)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, "paused") >= 20, "the sweep trains");
        var silo = Assert.Single(_home.Processes("Silo"));
        Signals.Send("STOP", silo);
        await Task.Delay(TimeSpan.FromSeconds(25));
        Signals.Send("CONT", silo);
        var ran = (await run.EndAsync(_limit)).Done();
        Assert.Contains("the silo answers again", ran.Error, StringComparison.Ordinal);
        // One fence for the training and one for each evaluation that was asked: nothing was given away twice.
        var training = Directory.EnumerateDirectories(Path.Combine(Sweeps.Folder(_home, "paused"), "pack-0")).Select(Path.GetFileName).ToList();
        Assert.Equal(["1"], training);
        Assert.All(ran.Json().GetProperty("trials").EnumerateArray(), trial => Assert.Equal("succeeded", trial.GetProperty("state").GetString()));
    }

    /// <summary>The command was stopped while its sweep went on to its end, and the silo with it.</summary>
    [Fact]
    public async Task Command_StoppedUntilItsSweepHasEnded_ShowsItsEndAllTheSame()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "slept", steps: 60, checkpointSteps: 10)), "--json");
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, "slept") >= 10, "the sweep trains");
        Signals.Send("STOP", run.Process.Id);
        await Home.UntilAsync(() => _home.Processes("Silo").Count == 0, "the sweep and its silo have ended");
        Signals.Send("CONT", run.Process.Id);
        Assert.Equal("done", (await run.EndAsync(_limit)).Done().Json().GetProperty("state").GetString());
    }

    /// <summary>A silo that does not answer at all, and a command that is told to end: it ends, and so does its silo.</summary>
    [Fact]
    public async Task Silo_Stopped_CommandToldToEnd_EndsWithinSeconds()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ALPACACOT_SOAK") is null, "long: ./alpacacot test --soak");
        var run = _home.Start("sweep", "run", Sweeps.Write(_home, Sweeps.Tiny(bases.Sums, "stopped", steps: 4000, checkpointSteps: 10)));
        await Home.UntilAsync(() => Sweeps.LastCheckpoint(_home, "stopped") >= 10, "the sweep trains");
        Signals.Send("STOP", Assert.Single(_home.Processes("Silo")));
        Signals.Send("TERM", run.Process.Id);
        (await run.EndAsync(TimeSpan.FromSeconds(60))).Ended(130);
        await Home.UntilAsync(() => _home.Processes().Count == 0, "nothing of the home runs", TimeSpan.FromSeconds(60));
    }
}
