using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Tests.LocalSilo.Processes;

/// <summary>The other process of a test: what it does there, and how a test starts and kills it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public StreamReader Output => _process.StandardOutput;

    public int ExitCode => _process.ExitCode;

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleans(silo =>
        {
            silo.AddJournalGrainStorageAsDefault(options => (options.Root, options.CompactAfterBytes) = (args[1], 1 << 16));
            silo.Configure<ReminderOptions>(options => options.MinimumReminderPeriod = TimeSpan.FromMilliseconds(50));
            if (args.Length > 2) silo.UseLocalGateway(args[2]);
        });
        using var host = builder.Build();
        try
        {
            await host.StartAsync();
        }
        catch (OrleansConfigurationException e)
        {
            await Console.Out.WriteLineAsync(e.Message);
            return 3;
        }
        await Console.Out.WriteLineAsync("ready");
        if (args[0] == "fill") return await FillAsync(host);
        if (args[0] == "write") await WriteForEverAsync(host.Services.GetRequiredService<IGrainFactory>());
        await host.WaitForShutdownAsync();
        return 0;
    }

    public static async Task<ChildProcess> StartAsync(params string[] args)
    {
        var child = Start(args);
        Assert.Equal("ready", await child.Output.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        return child;
    }

    public static ChildProcess Start(params string[] args) => Launch("dotnet", [typeof(ChildProcess).Assembly.Location, .. args]);

    /// <summary>Starts the process with a limit on the size of files.</summary>
    public static ChildProcess StartLimited(int kilobytes, params string[] args)
        // The runtime's own double-mapped memory counts as a file unless that is switched off.
        => Launch("bash", ["-c", $"ulimit -f {kilobytes}; export DOTNET_EnableWriteXorExecute=0; exec dotnet \"$@\"", "bash", typeof(ChildProcess).Assembly.Location, .. args]);

    private static ChildProcess Launch(string program, string[] args)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var arg in args) start.ArgumentList.Add(arg);
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
    }

    public Task WaitForExitAsync() => _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    // Writes until a write fails, says why, and ends in good order.
    private static async Task<int> FillAsync(IHost host)
    {
        for (var i = 0; ; i++)
            try
            {
                await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IDurableCounterGrain>($"c{i}").Fill(10_000);
            }
            catch (OrleansException e)
            {
                await Console.Out.WriteLineAsync($"{i} {e.Message}");
                await host.StopAsync();
                return 0;
            }
    }

    // Each line is written after the grain's write was acknowledged.
    private static Task WriteForEverAsync(IGrainFactory grains)
    {
        var output = TextWriter.Synchronized(Console.Out);
        return Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            var grain = grains.GetGrain<IDurableCounterGrain>($"c{i}");
            while (true) await output.WriteLineAsync($"c{i} {await grain.Add(1)}");
        }));
    }
}
