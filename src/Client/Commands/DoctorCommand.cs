using System.CommandLine;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Commands;

/// <summary><c>doctor</c>: what the platform finds on this machine, each with a fix where something is wrong.</summary>
internal static class DoctorCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var json = CommandTree.JsonOption();
        var command = new Command("doctor", "Look at this machine: SDK, processor, libtorch, GPU, home, disk; each with a fix where something is wrong") { json }.WithExample("doctor");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var findings = await Doctor.RunAsync(context(), cancellationToken);
            var healthy = findings.All(finding => finding.State != DoctorState.Problem);
            if (parsed.GetValue(json)) ClientJson.Print(new { healthy, findings });
            else DoctorView.Show(findings);
            return healthy ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}
