using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Running;

/// <summary>What trials' models are asked.</summary>
/// <param name="Sweep">Their sweep.</param>
/// <param name="Trials">The trials, one or more.</param>
/// <param name="Prompt">The prompt; null reads prompts from stdin, a line each.</param>
/// <param name="Request">How they are asked, its prompt to be filled in.</param>
internal sealed record AskRequest(SweepName Sweep, IReadOnlyList<string> Trials, string? Prompt, GenerateRequest Request);

/// <summary>Asks trials' models through their server grains: one, or several side by side. They stay loaded until the last prompt is answered.</summary>
internal static class SweepAsking
{
    /// <summary>Prints the answers as they come; with JSON, a line for each chunk.</summary>
    public static async Task<int> RunAsync(ClientContext context, AskRequest asked, bool json, CancellationToken stop)
    {
        var details = await StoredState.ShowAsync(context, asked.Sweep.Checked(), stop) ?? throw await SweepRunner.UnknownAsync(context, asked.Sweep, stop);
        foreach (var trial in asked.Trials)
            if (details.Trials.All(known => known.Name != trial)) throw SweepShowing.UnknownTrial(asked.Sweep, trial, details);
        await using var silo = await SiloSession.ConnectAsync(context, start: true, SiloSession.SlotArguments(Bases(details, asked.Trials)), stop);
        var servers = asked.Trials.Select(trial => (trial, Server: silo.Grains.GetGrain<IModelServerGrain>($"{asked.Sweep.Key}/{trial}"))).ToList();
        foreach (var prompt in asked.Prompt is { } only ? [only] : Prompts())
        {
            stop.ThrowIfCancellationRequested();
            var request = asked.Request with { Prompt = prompt };
            if (servers.Count > 1 && !json)
            {
                var answers = await Task.WhenAll(servers.Select(async of => (of.trial, await AnswerAsync(of.Server, request, _ => { }, stop))));
                AnswerView.Print(prompt, answers);
                continue;
            }
            if (request.Answers > 1 && !json)
            {
                System.Console.Out.WriteLine(await AnswerAsync(servers[0].Server, request, _ => { }, stop));
                continue;
            }
            // Chunks of several trials come as they are made: each line says whose it is.
            var printing = new Lock();
            await Task.WhenAll(servers.Select(of => AnswerAsync(of.Server, request, chunk =>
            {
                lock (printing)
                    if (json) ClientJson.Print(new { of.trial, prompt, chunk.Sequence, chunk.Answer, chunk.Ids, chunk.Text, chunk.FinishReason, chunk.Logprobs, chunk.Score });
                    else System.Console.Out.Write(chunk.Text);
            }, stop)));
            if (!json) System.Console.Out.WriteLine();
        }
        return ExitCodes.Done;
    }

    /// <summary>How many slots the trials need at the same time: one for each base, held one way.</summary>
    internal static int Bases(SweepDetails details, IReadOnlyList<string> trials)
    {
        var spec = details.Specification;
        // A trial's name begins with its model's, which holds no plus sign.
        return trials.Select(trial => spec.Models.First(model => model.Name == trial[..trial.IndexOf('+', StringComparison.Ordinal)]))
            .Select(model => (model.Reference, spec.LoadOf(model))).Distinct().Count();
    }

    /// <summary>The answer, or the several that were asked for, each with its number.</summary>
    private static async Task<string> AnswerAsync(IModelServerGrain server, GenerateRequest request, Action<TokenChunk> show, CancellationToken stop)
    {
        var texts = new SortedDictionary<int, System.Text.StringBuilder>();
        await foreach (var chunk in server.GenerateAsync(request, stop))
        {
            if (chunk.Error is not null) throw new ClientException(chunk.Error);
            show(chunk);
            if (!texts.TryGetValue(chunk.Answer, out var text)) texts[chunk.Answer] = text = new System.Text.StringBuilder();
            text.Append(chunk.Text);
        }
        return request.Answers == 1 ? string.Concat(texts.Values) : string.Join("\n\n", texts.Select(answer => $"[{answer.Key + 1}] {answer.Value}"));
    }

    /// <summary>The lines of stdin; a terminal is asked for each.</summary>
    internal static IEnumerable<string> Prompts()
    {
        while (true)
        {
            if (!System.Console.IsInputRedirected) System.Console.Error.Write("> ");
            if (System.Console.In.ReadLine() is not { } line) yield break;
            if (line.Trim().Length > 0) yield return line;
        }
    }
}
