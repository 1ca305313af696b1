using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;

namespace AlpacaCot.Benchmarks;

/// <summary>Clients that ask one request after the other, streamed, of one engine.</summary>
internal static class LoadBenchmark
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        Option<int> clients = Options.Count("--clients", "Clients that ask at the same time", 8), requests = Options.Count("--requests", "Requests of each", 8), prompt = Options.Count("--prompt-tokens", "Tokens of a prompt", 64),
            tokens = Options.Count("--tokens", "New tokens of an answer", 64), members = Options.Count("--members", "LoRA adapters, which the clients take in turn", 0, 0), threads = Options.Threads();
        var precision = Options.Precision();
        var command = new Command("load", "Clients that ask one streamed request after the other: tokens per second, and how long clients wait for the first token and for the answer") { clients, requests, prompt, tokens, members, precision, threads };
        shape.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var model = new ServedModel(shape.Read(parsed), parsed.GetValue(precision)!, parsed.GetValue(threads), parsed.GetValue(members));
            using var engine = model.Engine();
            ConcurrentBag<double> first = [], whole = [];
            async Task AskAsync(int client, int many)
            {
                for (var i = 0; i < many; i++)
                {
                    var clock = Stopwatch.StartNew();
                    double? began = null;
                    await foreach (var chunk in engine.InferAsync(model.Request(client, parsed.GetValue(prompt), parsed.GetValue(tokens)), stop)) began ??= clock.Elapsed.TotalMilliseconds;
                    stop.ThrowIfCancellationRequested();
                    first.Add(began ?? 0);
                    whole.Add(clock.Elapsed.TotalMilliseconds);
                }
            }
            await AskAsync(0, 1); // not counted
            (first, whole) = ([], []);
            var all = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, parsed.GetValue(clients)).Select(client => AskAsync(client, parsed.GetValue(requests))));
            var seconds = all.Elapsed.TotalSeconds;
            Options.Print(parsed, new
            {
                benchmark = "load", clients = parsed.GetValue(clients), requests = whole.Count, seconds = Math.Round(seconds, 3), requests_per_s = Math.Round(whole.Count / seconds, 2),
                tokens_per_s = Math.Round((double)whole.Count * parsed.GetValue(tokens) / seconds, 1), first_token_ms_p50 = Percentile(first, 0.5), first_token_ms_p95 = Percentile(first, 0.95),
                answer_ms_p50 = Percentile(whole, 0.5), answer_ms_p95 = Percentile(whole, 0.95), precision = parsed.GetValue(precision), threads = parsed.GetValue(threads), members = parsed.GetValue(members),
            });
        });
        return command;
    }

    private static double Percentile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))], 1);
    }
}
