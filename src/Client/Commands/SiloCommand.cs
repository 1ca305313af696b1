using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Client.Library;
using AlpacaCot.Supervision;

namespace AlpacaCot.Client.Commands;

/// <summary><c>silo</c>: runs the host of the grains in the foreground.</summary>
internal static class SiloCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var node = new Option<string?>("--node") { Description = "Name of this node (local); stable over restarts" };
        var slots = new Option<int?>("--slots") { Description = "CPU slots (1): trials that train at the same time" };
        var gpus = new Option<int?>("--gpus") { Description = "GPU slots instead, one for each GPU" };
        var port = new Option<int?>("--port") { Description = "Port for the status pages and the dashboard; none otherwise" };
        var bind = new Option<string?>("--bind") { Description = "Address on which they are served (127.0.0.1)" };
        var host = new Option<string[]>("--allow-host") { Description = "Another name under which they are served (those of the address)" };
        var key = new Option<string?>("--api-key") { Description = "Their key; better in $ALPACACOT_API_KEY (the home's own, printed at the start)" };
        var address = new Option<string?>("--address") { Description = "In a cluster: this silo's address for the others (the one from which the database is reached)" };
        var siloPort = new Option<int?>("--silo-port") { Description = "In a cluster: the port for other silos (a free one)" };
        var gatewayPort = new Option<int?>("--gateway-port") { Description = "In a cluster: the port for clients (a free one)" };
        var silence = new Option<int?>("--worker-silence") { Description = "Seconds after which a worker that says nothing of its work is ended (30 minutes; 5 minutes or 20 steps between steps)" };
        Option[] options = [node, slots, gpus, port, bind, host, key, silence, address, siloPort, gatewayPort];
        var command = new Command("silo", "Run the silo that drives sweeps and serves models, until Ctrl+C").WithExample("silo --slots 2 --port 8088");
        foreach (var option in options) command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var at = context();
            var program = Siblings.Command(at.Programs.Find("Silo"));
            var info = new ProcessStartInfo(program[0]) { UseShellExecute = false };
            foreach (var part in program.Skip(1)) info.ArgumentList.Add(part);
            foreach (var option in options)
            {
                foreach (var value in parsed.GetResult(option)?.Tokens ?? [])
                {
                    info.ArgumentList.Add(option.Name);
                    info.ArgumentList.Add(value.Value);
                }
            }
            using var silo = Process.Start(info) ?? throw new ClientException("the silo could not be started", ExitCodes.Failed);
            // The silo hears the terminal's Ctrl+C itself and ends in order. What only this program is told (by a service manager, say) is passed on; to hear it twice does no harm.
            await using var told = cancellationToken.Register(() => _ = Signals.TerminateAsync(silo));
            await silo.WaitForExitAsync(CancellationToken.None);
            return cancellationToken.IsCancellationRequested ? ExitCodes.Cancelled : silo.ExitCode;
        });
        return command;
    }
}
