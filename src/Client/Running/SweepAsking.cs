using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Running;

/// <summary>Asks a trial's model through its server grain.</summary>
internal static class SweepAsking
{
    /// <summary>Prints the answer as it comes; with JSON, a line for each chunk.</summary>
    public static async Task<int> RunAsync(ClientContext context, SweepName sweep, string trial, GenerateRequest request, bool json, CancellationToken stop)
    {
        await using var silo = await SiloSession.ConnectAsync(context, start: true, [], stop);
        var server = silo.Grains.GetGrain<IModelServerGrain>($"{sweep.Checked().Key}/{trial}");
        await foreach (var chunk in server.GenerateAsync(request, stop))
        {
            if (chunk.Error is not null) throw new ClientException(chunk.Error);
            if (json) ClientJson.Print(chunk);
            else System.Console.Out.Write(chunk.Text);
        }
        if (!json) System.Console.Out.WriteLine();
        return ExitCodes.Done;
    }
}
