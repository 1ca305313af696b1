using System.CommandLine;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Commands;

/// <summary><c>bench</c>: figures of one benchmark as JSON lines.</summary>
internal static class BenchCommand
{
    private static readonly (string Name, string What)[] _benchmarks =
    [
        ("training", "LoRA training of a 40 M-parameter LLaMA: real tokens per second. --rows FILE --steps N --batch N --precision bf16|fp32 --threads N"),
        ("decode", "tokens per second of greedy decoding at batch sizes 1 and 8. --precision bf16|fp32 --threads N --tokens N --members N (LoRA adapters, a sequence each in turn)"),
        ("encode", "rows per second of preparing Alpaca-like rows for training, and how long its cache takes to open. --tokenizer FILE --count N"),
        ("tokenize", "MB per second of encoding and decoding a text. --tokenizer FILE --text FILE"),
        ("scheduler", "no-op trials through the real grains and the real protocol. --trials N --slots N --trial-seconds S"),
    ];

    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var name = new Argument<string?>("NAME") { Description = "Which benchmark", Arity = ArgumentArity.ZeroOrOne };
        var list = new Option<bool>("--list") { Description = "Explain each benchmark" };
        var json = CommandTree.JsonOption();
        var command = new Command("bench", "Measure; figures are JSON lines on stdout") { name, list, json }.WithExample("bench training --rows rows.json --steps 12");
        var text = new[] { "--rows", "--precision", "--tokenizer", "--text" }.Select(o => new Option<string?>(o)).ToArray();
        var whole = new[] { "--steps", "--batch", "--threads", "--members", "--trials", "--slots", "--layers", "--hidden", "--tokens", "--count" }.Select(o => new Option<int?>(o)).ToArray();
        var seconds = new Option<double?>("--trial-seconds");
        foreach (var option in text) command.Options.Add(option);
        foreach (var option in whole) command.Options.Add(option);
        command.Options.Add(seconds);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(list))
            {
                foreach (var (benchmark, what) in _benchmarks) System.Console.Out.WriteLine($"{benchmark,-12}{what}");
                return ExitCodes.Done;
            }
            var chosen = parsed.GetValue(name) ?? throw new ClientException("name a benchmark; bench --list explains each");
            if (_benchmarks.All(b => b.Name != chosen)) throw new ClientException($"there is no benchmark '{chosen}'; known are {string.Join(", ", _benchmarks.Select(b => b.Name))}");
            if (chosen == "scheduler")
                return await SchedulerBenchmark.RunAsync(context(), parsed.GetValue(whole[4]) ?? 1000, parsed.GetValue(whole[5]) ?? 16, parsed.GetValue(seconds) ?? 0, cancellationToken);
            var options = new JsonObject();
            foreach (var option in text)
                if (parsed.GetValue(option) is { } value) options[Key(option)] = value;
            foreach (var option in whole)
                if (parsed.GetValue(option) is { } value) options[Key(option)] = value;
            return await ToolRunner.RunAsync(context(), $"bench {chosen}", options, json: true, cancellationToken);
        });
        return command;
    }

    private static string Key(Option option) => option.Name.TrimStart('-').Replace('-', '_');
}
