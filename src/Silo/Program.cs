using System.Data.Common;
using System.Net.Sockets;
using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Silo;
using AlpacaCot.Silo.Hosting;
using AlpacaCot.Silo.Http;
using AlpacaCot.Supervision;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Console;

var query = StoreQuery.Of(args);
ProgramStart.Prepare(results: query is not null);
ProgramStart.KeepFilesPrivate();

SiloArguments arguments;
HomeLayout home;
try
{
    home = HomeLayout.FromEnvironment();
    if (query is not null) return await query.RunAsync(home);
    arguments = SiloArguments.Parse(args);
    if (Environment.GetEnvironmentVariable(PlatformCluster.Variable) is { Length: > 0 } cluster) arguments = arguments with { Cluster = cluster };
    arguments = arguments with { ApiKey = arguments.ApiKey ?? Environment.GetEnvironmentVariable(ApiKey.Variable) };
}
catch (Exception e) when (e is FormatException or HomeException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}

var worker = Siblings.Find(AppContext.BaseDirectory, "Worker");
var tool = new WorkerTool(home, worker);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders()
    .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp, console.ColorBehavior) = (true, "yyyy-MM-ddTHH:mm:ssZ ", true, LoggerColorBehavior.Disabled));
builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
// A silo that cannot start says why itself, in one line.
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("AlpacaCot", LogLevel.Information).AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
    // These warn of a collector that was chosen on purpose, and of a wait that never was (it counts from the machine's start).
    .AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Polly", LogLevel.None);
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(12));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddPlatformGrains(
    new SlotOptions
    {
        WorkerProgram = worker,
        WorkerArguments = arguments.WorkerArguments,
        WorkerEnvironment = arguments.WorkerEnvironment,
        SocketFolder = home.Run,
        LogFolder = home.Logs,
        Silence = arguments.WorkerSilence is { } silence ? SilenceLimits.Of(silence) : new SilenceLimits(),
    },
    home, arguments.ForCommands);
builder.Services.AddHostedService<LastResort>();
if (arguments.ForCommands) builder.Services.AddHostedService<UnneededSilo>();

try
{
    Directory.CreateDirectory(home.Logs);
    await Gpus.RequireAsync(arguments.Gpus, tool);
    builder.AddSilo(home, arguments);
    builder.AddHttp(arguments, tool);
    await using var app = builder.Build();
    var key = arguments.Port is null ? null : ApiKey.Resolve(arguments.ApiKey, home.Run);
    if (key is not null) app.MapHttp(arguments, key);
    try
    {
        await app.StartAsync();
    }
    catch (IOException)
    {
        // The pages cannot be served, but the silo is up: it ends in order before what it needs is disposed of.
        await app.StopAsync();
        throw;
    }
    Console.WriteLine($"silo ready: node {arguments.Node}, slots {string.Join(" ", arguments.Slots)}, home {home.Root}{(key is null ? "" : $", {HttpHosting.Address(arguments, key)}")}");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is HomeException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException or DbException or SocketException or OrleansException or OrleansConfigurationException)
{
    var message = e switch
    {
        IOException { InnerException: AddressInUseException } => $"port {arguments.Port} is in use; choose another with --port",
        DbException or SocketException when arguments.Cluster is not null => $"the cluster's database (${PlatformCluster.Variable}) cannot be used: {e.Message}",
        _ => e.Message,
    };
    Console.Error.WriteLine($"error: {message}");
    return 2;
}
