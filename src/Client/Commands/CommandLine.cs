using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Supervision;

namespace AlpacaCot.Client.Commands;

/// <summary>A command from its words to its exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs a command; whatever goes wrong is one line on stderr and an exit code.</summary>
    /// <param name="arguments">The command's words.</param>
    /// <param name="context">Makes what the command works with.</param>
    /// <param name="interrupt">Cancelled by whoever ends the command before its end.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Func<ClientContext> context, CancellationToken interrupt)
    {
        var parsed = CommandTree.Build(context).Parse(arguments);
        if (parsed.Errors.Count > 0 || WrongUsage.MistypedOption(parsed) is not null)
        {
            WrongUsage.Print(parsed, System.Console.Error);
            return ExitCodes.Wrong;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupt);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            System.Console.Error.WriteLine("cancelled");
            return ExitCodes.Cancelled;
        }
        catch (HomeException e)
        {
            return Say(e.Message, ExitCodes.Wrong);
        }
        catch (ClientException e)
        {
            return Say(e.Message, e.ExitCode);
        }
        catch (Exception e)
        {
            // No stack trace reaches a user; whatever was not foreseen is named by its kind.
            var kind = e is IOException or UnauthorizedAccessException or WorkerStartException or TimeoutException or Orleans.Runtime.OrleansException ? "" : $"{e.GetType().Name}: ";
            return Say($"{kind}{e.Message.ReplaceLineEndings(" ")}", ExitCodes.Failed);
        }
    }

    private static int Say(string problem, int code)
    {
        System.Console.Error.WriteLine($"error: {problem}");
        return code;
    }
}
