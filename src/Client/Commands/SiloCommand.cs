using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Worker.Protocol;

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
        var port = new Option<int?>("--port") { Description = "Port for the status pages on loopback; none otherwise" };
        var command = new Command("silo", "Run the silo that drives sweeps and serves models, until Ctrl+C") { node, slots, gpus, port }.WithExample("silo --slots 2 --port 8088");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var at = context();
            var program = Siblings.Command(Siblings.Find(at.ProgramFolder, "Silo"));
            var info = new ProcessStartInfo(program[0]) { UseShellExecute = false };
            foreach (var part in program.Skip(1)) info.ArgumentList.Add(part);
            void Pass(string name, object? value)
            {
                if (value is null) return;
                info.ArgumentList.Add(name);
                info.ArgumentList.Add(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!);
            }
            Pass("--node", parsed.GetValue(node));
            Pass("--slots", parsed.GetValue(slots));
            Pass("--gpus", parsed.GetValue(gpus));
            Pass("--port", parsed.GetValue(port));
            using var silo = Process.Start(info) ?? throw new ClientException("the silo could not be started", ExitCodes.Failed);
            // The silo hears the terminal's Ctrl+C itself and ends in order.
            await silo.WaitForExitAsync(CancellationToken.None);
            return cancellationToken.IsCancellationRequested ? ExitCodes.Cancelled : silo.ExitCode;
        });
        return command;
    }
}
