using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using AlpacaCot.Client.Library.Hosting;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AlpacaCot.Client.Library;

/// <summary>
/// A session with the silo of this home; one is started as a child where none runs. The silo counts its sessions: one that a command has started ends when nobody needs it any more,
/// whoever started it.
/// </summary>
internal sealed class SiloSession : IAsyncDisposable
{
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A silo that was told to end ends by itself in less, whatever it does.</summary>
    private static readonly TimeSpan _endTimeout = TimeSpan.FromSeconds(15);

    /// <summary>A silo that lives answers a goodbye, and closes a connection, in less.</summary>
    private static readonly TimeSpan _goodbye = TimeSpan.FromSeconds(5);

    /// <summary>How long the silo of another command that started at the same moment may take to be up.</summary>
    private static readonly TimeSpan _otherStarts = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>How often it is looked whether a silo that is connected to is still there.</summary>
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(1);

    /// <summary>A silo forgets a session that is silent for five of these.</summary>
    private static readonly TimeSpan _renewal = TimeSpan.FromSeconds(2);
    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _left = new();
    private readonly IHost _host;
    private readonly TimeProvider _time;
    private readonly bool _counted;
    private readonly IDisposable? _held;
    private Process? _silo;
    private Task _renewing = Task.CompletedTask;

    private SiloSession(IHost host, ClientContext context, bool counted)
    {
        (_host, _time, _counted, _held) = (host, context.Time, counted, context.Hold?.Invoke());
        Grains = host.Services.GetRequiredService<IClusterClient>();
    }

    /// <summary>The grains.</summary>
    public IClusterClient Grains { get; }

    /// <summary>The sweep that this session has submitted or taken up and follows; the silo need not go on for it when the session ends before it. Null where there is none, or none any more.</summary>
    public string? Follows { get; set; }

    /// <summary>The most memory that a silo of this session has had, in MB; 0 for one that it did not start.</summary>
    public long PeakMemoryMegabytes() => _silo is null ? 0 : PeakMemory.OfProcess(_silo.Id) >> 20;

    /// <summary>Connects to the silo that runs, without being counted as its user; null where none does.</summary>
    /// <exception cref="ClientException">No silo of the cluster runs. None is ever started by itself there: its nodes are the user's to name.</exception>
    public static async Task<SiloSession?> TryConnectAsync(ClientContext context, CancellationToken cancellationToken)
    {
        if (await ConnectAsync(context, cancellationToken) is { } host) return new SiloSession(host, context, counted: false);
        return context.Cluster is null ? null : throw new ClientException("no silo of the cluster answers; start one with ./alpacacot silo --node NAME");
    }

    /// <summary>Connects.</summary>
    /// <param name="context">The client's context.</param>
    /// <param name="start">Start a silo where none runs; otherwise that is an error.</param>
    /// <param name="siloArguments">Arguments for a silo that is started.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClientException">No silo runs and none was to be started, or it did not come up.</exception>
    public static async Task<SiloSession> ConnectAsync(ClientContext context, bool start, IReadOnlyList<string> siloArguments, CancellationToken cancellationToken)
    {
        if (await JoinAsync(context, cancellationToken) is { } running) return running;
        if (context.Cluster is not null) throw new ClientException("no silo of the cluster answers; start one with ./alpacacot silo --node NAME");
        if (!start) throw new ClientException("no silo runs for this home; start one with ./alpacacot silo");
        context.View?.Say("no silo runs; starting one for this command");
        var log = Path.Combine(context.Home.Logs, "silo.log");
        var silo = Launch(context, log, siloArguments);
        var began = context.Time.GetTimestamp();
        long? gone = null;
        try
        {
            while (context.Time.GetElapsedTime(began) < _startTimeout && (gone is not { } since || context.Time.GetElapsedTime(since) < _otherStarts))
            {
                if (gone is null && silo.HasExited) gone = context.Time.GetTimestamp();
                // A silo that another command started at the same moment serves as well; ours has found the home taken then.
                if (await JoinAsync(context, cancellationToken) is { } session)
                {
                    if (gone is null) session._silo = silo;
                    return session;
                }
                await Task.Delay(_pause, context.Time, cancellationToken);
            }
        }
        catch
        {
            if (!silo.HasExited) silo.Kill(entireProcessTree: true);
            throw;
        }
        if (!silo.HasExited) silo.Kill(entireProcessTree: true);
        var last = File.Exists(log) ? File.ReadLines(log).LastOrDefault(line => line.Trim().Length > 0) : null;
        throw new ClientException($"the silo did not start{(last is null ? "" : $": {last.Trim()}")}; its log is {log}", ExitCodes.Failed);
    }

    /// <summary>Ends the session: whether the silo ends with it. It does not where others use it, or its user has started it.</summary>
    public async Task<bool> LeaveAsync()
    {
        if (_left.IsCancellationRequested) return false;
        await _left.CancelAsync();
        await _renewing;
        if (!_counted) return false;
        try
        {
            if (await Sessions.LeaveAsync(_name, Follows).WaitAsync(_goodbye, _time) is not (> 0 and var ending)) return false;
            await EndedAsync(ending);
            return true;
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException)
        {
            // It does not answer, or is gone: a silo of this session's own is not left behind.
            if (_silo is { HasExited: false }) await Signals.TerminateAsync(_silo);
            if (_silo is not null) await EndedAsync(_silo.Id);
            return true;
        }
    }

    /// <summary>The arguments of a silo that is started with so many slots.</summary>
    public static string[] SlotArguments(int? slots) => slots is { } n ? ["--slots", n.ToString(CultureInfo.InvariantCulture)] : [];

    /// <summary>Leaves and disconnects.</summary>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        using (var late = new CancellationTokenSource(_goodbye, _time)) await _host.StopAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _host.Dispose();
        _left.Dispose();
        _silo?.Dispose();
        _held?.Dispose();
    }

    private ISessionsGrain Sessions => Grains.GetGrain<ISessionsGrain>("default");

    /// <summary>A session that the silo has counted; null where none runs. One that is ending is waited for.</summary>
    private static async Task<SiloSession?> JoinAsync(ClientContext context, CancellationToken cancellationToken)
    {
        if (await ConnectAsync(context, cancellationToken) is not { } host) return null;
        var session = new SiloSession(host, context, counted: context.Cluster is null);
        if (!session._counted) return session;
        try
        {
            var ending = await session.Sessions.RenewAsync(session._name).WaitAsync(cancellationToken);
            if (ending == 0)
            {
                session._renewing = session.RenewAsync();
                return session;
            }
            await session.EndedAsync(ending);
        }
        catch (Orleans.Runtime.OrleansException)
        {
            // It has ended in between.
        }
        catch
        {
            await session.DropAsync();
            throw;
        }
        await session.DropAsync();
        return null;
    }

    private async Task DropAsync()
    {
        await _left.CancelAsync();
        await DisposeAsync();
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(_renewal, _time);
        while (!_left.IsCancellationRequested)
            try
            {
                if (!await timer.WaitForNextTickAsync(_left.Token)) return;
                await Sessions.RenewAsync(_name).WaitAsync(_left.Token);
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or OperationCanceledException)
            {
                // Whoever uses the session finds out by itself that its silo is gone; one that is only slow hears the next word.
            }
    }

    /// <summary>Waits for a silo's end; one that takes too long is killed.</summary>
    private async Task EndedAsync(int silo)
    {
        try
        {
            using var process = Process.GetProcessById(silo);
            using var late = new CancellationTokenSource(_endTimeout, _time);
            try
            {
                await process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static async Task<IHost?> ConnectAsync(ClientContext context, CancellationToken cancellationToken)
    {
        if (context.Cluster is null && !File.Exists(context.Home.SiloSocket)) return null;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddSiloClient(context.Home, context.Cluster, context.View);
        var host = builder.Build();
        try
        {
            var starting = host.StartAsync(cancellationToken);
            while (await Task.WhenAny(starting, Task.Delay(_look, context.Time, cancellationToken)) != starting)
                if (context.Cluster is null && !await ListensAsync(context.Home.SiloSocket, cancellationToken))
                {
                    // The silo has greeted and is gone. Orleans asks it what grains there are again and again, without end.
                    _ = AbandonAsync(host, starting, context.Time);
                    return null;
                }
            await starting;
            return host;
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or IOException or SocketException)
        {
            host.Dispose();
            return null;
        }
        catch (DbException e)
        {
            host.Dispose();
            // A database without the table is one that no silo has used yet.
            return e.SqlState == PostgresErrorCodes.UndefinedTable ? null
                : throw new ClientException($"the cluster's database (${PlatformCluster.Variable}) cannot be used: {e.Message}", ExitCodes.Failed);
        }
    }

    private static async Task<bool> ListensAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = await LocalSocket.ConnectAsync(path, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    // Nobody waits for it: its start does not end, and what it holds goes when its loops have ended.
    private static async Task AbandonAsync(IHost host, Task starting, TimeProvider time)
    {
        using (var late = new CancellationTokenSource(_goodbye, time)) await host.StopAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        host.Dispose();
        await starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static Process Launch(ClientContext context, string log, IReadOnlyList<string> arguments)
    {
        Directory.CreateDirectory(context.Home.Logs);
        var program = context.Programs.Find("Silo");
        context.Programs.Remember(program);
        // A session of its own: a Ctrl+C in this terminal is the client's to handle.
        var info = new ProcessStartInfo("setsid") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var part in (string[])["/bin/sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log]) info.ArgumentList.Add(part);
        foreach (var part in Siblings.Command(program)) info.ArgumentList.Add(part);
        foreach (var argument in (string[])["--for-commands", "yes", .. arguments]) info.ArgumentList.Add(argument);
        info.Environment[HomeLayout.Variable] = context.Home.Root;
        info.Environment.Remove(PlatformCluster.Variable);
        return Process.Start(info) ?? throw new ClientException("the silo could not be started", ExitCodes.Failed);
    }
}
