using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace AlpacaCot.Worker.Protocol;

/// <summary>How a worker process is started.</summary>
public sealed record WorkerStart
{
    /// <summary>The worker's program, <c>AlpacaCot.Worker.dll</c>.</summary>
    public required string Program { get; init; }

    /// <summary>Folder for the socket. Paths of Unix sockets are short: keep it near the root.</summary>
    public required string SocketFolder { get; init; }

    /// <summary>File that takes the worker's stdout and stderr.</summary>
    public required string LogFile { get; init; }

    /// <summary>Further arguments (<c>--stub</c>).</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment on top of this process's (<c>CUDA_VISIBLE_DEVICES</c>).</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How long the worker has for its hello.</summary>
    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>
/// A worker as its supervisor sees it: a process, the socket that the supervisor opened for it, and its log.
/// When either side goes, the other sees a closed socket and stops.
/// </summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _sending = new(1, 1);

    private WorkerProcess(Process process, NetworkStream stream, string logFile)
    {
        (_process, _stream, LogFile) = (process, stream, logFile);
        Id = process.Id;
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Where its stdout and stderr go.</summary>
    public string LogFile { get; }

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a worker and waits for its hello.</summary>
    /// <exception cref="WorkerStartException">The program is missing, ended before its hello, is late or speaks another version.</exception>
    public static async Task<WorkerProcess> StartAsync(WorkerStart start, CancellationToken cancellationToken)
    {
        if (!File.Exists(start.Program)) throw new WorkerStartException($"there is no worker at {start.Program}; build it with ./alpacacot");
        Directory.CreateDirectory(start.SocketFolder);
        Directory.CreateDirectory(Path.GetDirectoryName(start.LogFile)!);
        var path = Path.Combine(start.SocketFolder, $"w{Guid.NewGuid():N}"[..12]);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new WorkerStartException($"the socket path {path} is longer than a Unix socket allows; use a shorter ALPACACOT_HOME");
        }
        listener.Listen(1);
        var process = Launch(start, path);
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(start.HelloTimeout);
            var accept = listener.AcceptAsync(deadline.Token).AsTask();
            var exit = process.WaitForExitAsync(deadline.Token);
            if (await Task.WhenAny(accept, exit).ConfigureAwait(false) == exit && process.HasExited)
            {
                await deadline.CancelAsync().ConfigureAwait(false);
                await accept.ContinueWith(t => { if (t.IsCompletedSuccessfully) t.Result.Dispose(); }, TaskScheduler.Default).ConfigureAwait(false);
                throw new WorkerStartException($"the worker ended with code {process.ExitCode} before it said hello; its log is {start.LogFile}");
            }
            var stream = new NetworkStream(await accept.ConfigureAwait(false), ownsSocket: true);
            var hello = await Frames.ReadAsync<WorkerEvent>(stream, deadline.Token).ConfigureAwait(false) as HelloEvent;
            if (hello?.Version != Frames.Version)
                throw new WorkerStartException($"the worker speaks version {hello?.Version.ToString() ?? "none"} of the protocol, this program {Frames.Version}; build both anew");
            return new WorkerProcess(process, stream, start.LogFile);
        }
        catch (Exception e)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new WorkerStartException($"the worker said no hello within {start.HelloTimeout.TotalSeconds:0} s; its log is {start.LogFile}");
            throw;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Sends a command.</summary>
    /// <exception cref="IOException">The worker is gone.</exception>
    public async Task SendAsync(WorkerCommand command, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Frames.WriteAsync(_stream, command, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The worker's events until it closes; a broken connection ends the sequence as well.</summary>
    public async IAsyncEnumerable<WorkerEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            WorkerEvent? message;
            try
            {
                message = await Frames.ReadAsync<WorkerEvent>(_stream, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                yield break;
            }
            if (message is null) yield break;
            yield return message;
        }
    }

    /// <summary>How the process ended, in words, with the last line of its log; waits a moment for it to end.</summary>
    public async Task<string> DescribeEndAsync()
    {
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return $"the worker (process {Id}) closed its connection but goes on";
        }
        var how = _process.ExitCode switch
        {
            137 => "was killed (signal 9: memory ran out, or someone ended it)",
            134 => "aborted (signal 6)",
            139 => "crashed (signal 11)",
            var code => $"ended with code {code}",
        };
        var last = File.Exists(LogFile) ? File.ReadLines(LogFile).LastOrDefault(line => line.Trim().Length > 0) : null;
        return $"the worker (process {Id}) {how}" + (last is null ? "" : $": {last.Trim()}");
    }

    /// <summary>Ends the process at once.</summary>
    public void Kill()
    {
        try
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in between.
        }
    }

    /// <summary>Closes the socket, which ends the worker, and makes sure that it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Kill();
        }
        _process.Dispose();
        _sending.Dispose();
    }

    private static Process Launch(WorkerStart start, string socket)
    {
        // The shell hands stdout and stderr to the log itself: no pipe of the supervisor's lies between a crash and its last words.
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add("log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null");
        info.ArgumentList.Add("sh");
        info.ArgumentList.Add(start.LogFile);
        foreach (var part in Siblings.Command(start.Program)) info.ArgumentList.Add(part);
        info.ArgumentList.Add(socket);
        foreach (var argument in start.Arguments) info.ArgumentList.Add(argument);
        foreach (var (name, value) in start.Environment) info.Environment[name] = value;
        return Process.Start(info) ?? throw new WorkerStartException($"{start.Program} could not be started");
    }
}

/// <summary>A worker could not be started; this is no attempt of the work.</summary>
public sealed class WorkerStartException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WorkerStartException(string message) : base(message) { }
}
