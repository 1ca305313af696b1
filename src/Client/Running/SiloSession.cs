using System.Data.Common;
using System.Diagnostics;
using AlpacaCot.Client.Hosting;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Supervision;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AlpacaCot.Client.Running;

/// <summary>A connection to the silo of this home; starts one as a child where none runs, and says so.</summary>
internal sealed class SiloSession : IAsyncDisposable
{
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(30);
    private readonly IHost _host;
    private readonly Process? _silo;

    private SiloSession(IHost host, Process? silo)
    {
        (_host, _silo) = (host, silo);
        Grains = host.Services.GetRequiredService<IClusterClient>();
    }

    /// <summary>The grains.</summary>
    public IClusterClient Grains { get; }

    /// <summary>Whether this session started the silo.</summary>
    public bool OwnsSilo => _silo is not null;

    /// <summary>The most memory that a silo of this session has had, in MB; 0 for one that it did not start.</summary>
    public long PeakMemoryMegabytes()
    {
        if (_silo is null) return 0;
        var line = File.ReadLines($"/proc/{_silo.Id}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Connects to the silo that runs; null where none does.</summary>
    /// <exception cref="ClientException">No silo of the cluster runs. None is ever started by itself there: its nodes are the user's to name.</exception>
    public static async Task<SiloSession?> TryConnectAsync(ClientContext context, CancellationToken cancellationToken)
    {
        if (await ConnectAsync(context, cancellationToken) is { } host) return new SiloSession(host, null);
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
        if (await TryConnectAsync(context, cancellationToken) is { } running) return running;
        if (!start) throw new ClientException("no silo runs for this home; start one with ./alpacacot silo");
        System.Console.Error.WriteLine("no silo runs; starting one for this command");
        var log = Path.Combine(context.Home.Logs, "silo.log");
        var silo = Launch(context, log, siloArguments);
        var began = context.Time.GetTimestamp();
        try
        {
            while (context.Time.GetElapsedTime(began) < _startTimeout)
            {
                var gone = silo.HasExited;
                // A silo that another command started at the same moment serves as well.
                if (await ConnectAsync(context, cancellationToken) is { } host) return new SiloSession(host, gone ? null : silo);
                if (gone) break;
                await Task.Delay(TimeSpan.FromMilliseconds(50), context.Time, cancellationToken);
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

    /// <summary>Disconnects; a silo that this session started is asked to end and waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        if (_silo is null) return;
        if (!_silo.HasExited)
        {
            await Signals.TerminateAsync(_silo);
            try
            {
                await _silo.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            }
            catch (TimeoutException)
            {
                _silo.Kill(entireProcessTree: true);
            }
        }
        _silo.Dispose();
    }

    private static async Task<IHost?> ConnectAsync(ClientContext context, CancellationToken cancellationToken)
    {
        if (context.Cluster is null && !File.Exists(context.Home.SiloSocket)) return null;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddSiloClient(context.Home, context.Cluster);
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
            return host;
        }
        catch (Exception e) when (e is Orleans.Runtime.OrleansException or IOException or System.Net.Sockets.SocketException)
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

    private static Process Launch(ClientContext context, string log, IReadOnlyList<string> arguments)
    {
        Directory.CreateDirectory(context.Home.Logs);
        // A session of its own: a Ctrl+C in this terminal is the client's to handle.
        var info = new ProcessStartInfo("setsid") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var part in (string[])["/bin/sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log]) info.ArgumentList.Add(part);
        foreach (var part in Siblings.Command(Siblings.Find(context.ProgramFolder, "Silo"))) info.ArgumentList.Add(part);
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment[HomeLayout.Variable] = context.Home.Root;
        info.Environment.Remove(PlatformCluster.Variable);
        return Process.Start(info) ?? throw new ClientException("the silo could not be started", ExitCodes.Failed);
    }
}
