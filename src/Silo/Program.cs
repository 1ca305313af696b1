using System.Globalization;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Silo;
using AlpacaCot.Silo.Hosting;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.Logging.Console;

SiloArguments arguments;
try
{
    arguments = SiloArguments.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}
var home = HomeLayout.FromEnvironment();
Directory.CreateDirectory(home.Logs);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders().AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ssZ ", true));
builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
// A silo that cannot start says why itself, in one line.
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("AlpacaCot", LogLevel.Information).AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
    // These warn of a collector that was chosen on purpose, and of a wait that never was (it counts from the machine's start).
    .AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Polly", LogLevel.None);
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(15));
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddPlatformGrains(
    new SlotOptions
    {
        WorkerProgram = Siblings.Find(AppContext.BaseDirectory, "Worker"),
        WorkerArguments = arguments.WorkerArguments,
        SocketFolder = home.Run,
        LogFolder = home.Logs,
    },
    home);
// Without a port there is no HTTP at all; with one it is bound to loopback.
if (arguments.Port is { } port) builder.WebHost.UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
else builder.WebHost.UseServer(new NoServer());

try
{
    builder.AddSilo(home, arguments);
    var app = builder.Build();
    if (arguments.Port is not null) StatusPages.Map(app);
    await app.StartAsync();
    Console.WriteLine($"silo ready: node {arguments.Node}, slots {string.Join(" ", arguments.Slots)}, home {home.Root}" + (arguments.Port is { } p ? $", http://127.0.0.1:{p}" : ""));
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is IOException or InvalidOperationException or Orleans.Runtime.OrleansException or Orleans.Runtime.OrleansConfigurationException)
{
    var message = e.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase)
        ? $"port {arguments.Port} is in use; choose another with --port" : e.Message;
    Console.Error.WriteLine($"error: {message}");
    return 2;
}
