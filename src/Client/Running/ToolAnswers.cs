using AlpacaCot.Client.Library;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Running;

/// <summary>Runs a worker's job and prints its answers on stdout.</summary>
internal static class ToolAnswers
{
    /// <summary>Prints each answer as it comes: its text, or its document as JSON.</summary>
    /// <exception cref="ClientException">The job failed.</exception>
    public static async Task<int> PrintAsync(ClientContext context, ToolRequest request, bool json, CancellationToken cancellationToken)
    {
        await ToolRunner.RunAsync(context, request, output =>
        {
            if (json || output.Text is null) ClientJson.Print(output.Document);
            else System.Console.Out.WriteLine(output.Text);
        }, cancellationToken);
        return ExitCodes.Done;
    }
}
