using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A started program whose output is read as it comes.</summary>
public sealed class Running
{
    private readonly Task<string> _output, _error;
    private readonly StringBuilder _said = new();
    private readonly string _what;

    internal Running(Process process, string what)
    {
        (Process, _what) = (process, what);
        (_output, _error) = (ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>What it has printed so far, on stdout and stderr.</summary>
    public string Said
    {
        get { lock (_said) return _said.ToString(); }
    }

    /// <summary>The process.</summary>
    public Process Process { get; }

    private async Task<string> ReadAsync(StreamReader stream)
    {
        var all = new StringBuilder();
        var buffer = new char[4096];
        for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
        {
            all.Append(buffer, 0, count);
            lock (_said) _said.Append(buffer, 0, count);
        }
        return all.ToString();
    }

    /// <summary>Waits for the end; past the limit the program is killed and the test fails.</summary>
    public async Task<Ran> EndAsync(TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        using var late = new CancellationTokenSource(limit);
        try
        {
            await Process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            Process.Kill(entireProcessTree: true);
            Assert.Fail($"alpacacot {_what} did not end within {limit.TotalSeconds:0} s; stderr: {await _error}");
        }
        var ran = new Ran(_what, Process.ExitCode, await _output, await _error, clock.Elapsed);
        Process.Dispose();
        return ran;
    }
}

/// <summary>How a program ended.</summary>
public sealed record Ran(string What, int Code, string Output, string Error, TimeSpan Elapsed)
{
    /// <summary>Requires the exit code 0.</summary>
    public Ran Done() => Ended(0);

    /// <summary>Requires an exit code.</summary>
    public Ran Ended(int code)
    {
        Assert.True(Code == code, $"alpacacot {What} ended with {Code} instead of {code}\nstdout: {Output}\nstderr: {Error}");
        return this;
    }

    /// <summary>
    /// Requires an error as a user should see it: this exit code, nothing on stdout, one line that begins with <c>error:</c> and holds all of these words, and no stack trace.
    /// </summary>
    public string Refused(int code, params string[] words)
    {
        Ended(code);
        return Failed(words);
    }

    /// <summary>The same with any exit code but 0: the work failed.</summary>
    public string Failed(params string[] words)
    {
        Assert.True(Code is 1 or 2, $"alpacacot {What} ended with {Code}\nstdout: {Output}\nstderr: {Error}");
        Assert.True(Output.Length == 0, $"alpacacot {What} printed on stdout: {Output}");
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Error, StringComparison.Ordinal);
        var errors = Error.Split('\n').Where(line => line.StartsWith("error:", StringComparison.Ordinal)).ToList();
        Assert.True(errors.Count == 1, $"alpacacot {What} gave {errors.Count} error lines\nstderr: {Error}");
        foreach (var word in words)
            Assert.True(errors[0].Contains(word, StringComparison.OrdinalIgnoreCase), $"alpacacot {What}: the error does not name '{word}': {errors[0]}");
        return errors[0];
    }

    /// <summary>Requires that stdout holds exactly one JSON document.</summary>
    public JsonElement Json()
    {
        try
        {
            return JsonDocument.Parse(Output).RootElement;
        }
        catch (JsonException e)
        {
            throw new Xunit.Sdk.XunitException($"alpacacot {What}: stdout is not one JSON document ({e.Message}): {Output}\nstderr: {Error}");
        }
    }
}
