using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Supervision;

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
    private const int LastBytes = 4096;
    private static readonly TimeSpan _ending = TimeSpan.FromSeconds(5);
    private readonly Process _process;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly MemoryWatch _memory;
    private readonly long _logBegins;
    private int _disposed;

    private WorkerProcess(Process process, NetworkStream stream, string logFile, long logBegins, MemoryWatch memory)
    {
        (_process, _stream, LogFile, _logBegins, _memory) = (process, stream, logFile, logBegins, memory);
        Id = process.Id;
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Where its stdout and stderr go.</summary>
    public string LogFile { get; }

    /// <summary>Whether the process has ended (or this object was disposed, which ends it).</summary>
    public bool HasExited => _disposed != 0 || _process.HasExited;

    /// <summary>Starts a worker and waits for its hello.</summary>
    /// <exception cref="WorkerStartException">The program is missing, ended before its hello, is late or speaks another version.</exception>
    public static async Task<WorkerProcess> StartAsync(WorkerStart start, CancellationToken cancellationToken)
    {
        if (!File.Exists(start.Program)) throw new WorkerStartException($"there is no worker at {start.Program}; build it with ./alpacacot");
        try
        {
            HomeLayout.MakePrivate(start.SocketFolder);
            Directory.CreateDirectory(Path.GetDirectoryName(start.LogFile)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WorkerStartException($"the folder of the worker's socket or log cannot be made: {e.Message}");
        }
        var path = Path.Combine(start.SocketFolder, $"w{Guid.NewGuid():N}"[..12]);
        using var listener = Listen(path);
        Process? process = null;
        NetworkStream? stream = null;
        var logBegins = File.Exists(start.LogFile) ? new FileInfo(start.LogFile).Length : 0;
        try
        {
            process = await LastingThread.RunAsync(() => Launch(start, path)).ConfigureAwait(false);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(start.HelloTimeout);
            stream = new NetworkStream(await AcceptAsync(listener, process, start, logBegins, deadline).ConfigureAwait(false), ownsSocket: true);
            await ReadHelloAsync(stream, process, start, logBegins, deadline.Token).ConfigureAwait(false);
            return new WorkerProcess(process, stream, start.LogFile, logBegins, new MemoryWatch(process.Id, TimeProvider.System));
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (process is { HasExited: false }) process.Kill(entireProcessTree: true);
            process?.Dispose();
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new WorkerStartException(FormattableString.Invariant($"the worker said no hello within {start.HelloTimeout.TotalSeconds:0.#} s; its log is {start.LogFile}"));
            throw;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Sends a command.</summary>
    /// <exception cref="ProtocolException">The command cannot be sent; the worker knows nothing of it.</exception>
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
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                yield break;
            }
            if (message is null) yield break;
            yield return message;
        }
    }

    /// <summary>How the process ended, in words, with the last line of its log; waits a moment for it to end.</summary>
    public async Task<string> DescribeEndAsync() => (await EndAsync().ConfigureAwait(false)).Description;

    /// <summary>How the process ended and what that means for its work; waits a moment for it to end.</summary>
    public async Task<WorkerEnd> EndAsync()
    {
        if (_disposed != 0) return new WorkerEnd(FailureKind.Transient, $"the worker (process {Id}) was ended by its supervisor");
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(_ending).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return new WorkerEnd(FailureKind.Transient, $"the worker (process {Id}) closed its connection but goes on");
        }
        return WorkerEnd.Of(Id, _process.ExitCode, _memory.RanOut(), LastLines(LogFile, _logBegins));
    }

    /// <summary>Ends the process at once, with all that it has started.</summary>
    public void Kill()
    {
        try
        {
            if (!HasExited) _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended by itself in between.
        }
        // Not later: when the process has been given up its id may be another's.
        if (_disposed == 0) NativeCalls.KillGroup(Id);
    }

    /// <summary>Closes the socket, which ends the worker, and makes sure that it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stream.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(_ending).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
        }
        NativeCalls.KillGroup(Id);
        _memory.Dispose();
        _process.Dispose();
        _sending.Dispose();
    }

    private static Socket Listen(string path)
    {
        try
        {
            var listener = LocalSocket.Bind(path);
            listener.Listen(1);
            return listener;
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new WorkerStartException($"the socket path {path} is longer than a Unix socket allows; use a shorter ALPACACOT_HOME");
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            throw new WorkerStartException($"the socket {path} cannot be opened: {e.Message}");
        }
    }

    /// <summary>The worker's connection, or that it has ended without one.</summary>
    private static async Task<Socket> AcceptAsync(Socket listener, Process process, WorkerStart start, long logBegins, CancellationTokenSource deadline)
    {
        var accept = AcceptOwnAsync(listener, process.Id, deadline.Token);
        var exit = process.WaitForExitAsync(deadline.Token);
        if (await Task.WhenAny(accept, exit).ConfigureAwait(false) != exit || !process.HasExited) return await accept.ConfigureAwait(false);
        await deadline.CancelAsync().ConfigureAwait(false);
        await accept.ContinueWith(t => { if (t.IsCompletedSuccessfully) t.Result.Dispose(); }, TaskScheduler.Default).ConfigureAwait(false);
        throw EndedEarly(process, start, logBegins);
    }

    /// <summary>The connection of the process that was started; whoever else connects is sent away.</summary>
    private static async Task<Socket> AcceptOwnAsync(Socket listener, int process, CancellationToken deadline)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync(deadline).ConfigureAwait(false);
            if (LocalSocket.IsOfThisUser(socket) && (LocalSocket.ProcessOf(socket) ?? process) == process) return socket;
            socket.Dispose();
        }
    }

    private static async Task ReadHelloAsync(NetworkStream stream, Process process, WorkerStart start, long logBegins, CancellationToken deadline)
    {
        WorkerEvent? first;
        try
        {
            first = await Frames.ReadAsync<WorkerEvent>(stream, deadline).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new WorkerStartException($"{start.Program} does not speak the worker protocol: {e.Message}");
        }
        if (first is null)
        {
            await process.WaitForExitAsync(deadline).ConfigureAwait(false);
            throw EndedEarly(process, start, logBegins);
        }
        if (first is HelloEvent { ProcessId: var said } && said != process.Id)
            throw new WorkerStartException($"the worker says that it is process {said.ToString(CultureInfo.InvariantCulture)}, and {process.Id.ToString(CultureInfo.InvariantCulture)} was started");
        if ((first as HelloEvent)?.Version is not Frames.Version)
            throw new WorkerStartException($"the worker speaks version {(first as HelloEvent)?.Version.ToString(CultureInfo.InvariantCulture) ?? "none"} of the protocol, this program {Frames.Version}; build both anew");
    }

    private static WorkerStartException EndedEarly(Process process, WorkerStart start, long logBegins)
    {
        var last = LastLines(start.LogFile, logBegins).LastOrDefault();
        return new WorkerStartException($"the worker ended with code {process.ExitCode} before it said hello{(last is null ? "" : $": {last}")}; its log is {start.LogFile}");
    }

    /// <summary>The last lines that a worker wrote; what others wrote into the same file before it is not its own.</summary>
    private static IReadOnlyList<string> LastLines(string log, long begins)
    {
        if (!File.Exists(log)) return [];
        using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Max(begins, stream.Length - LastBytes);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
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
