using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Data;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>Rows to examples: template, tokens, label mask, as a preparation does it.</summary>
internal static class EncodeBenchmark
{
    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(2);

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var (tokenizer, data) = (Options.File("--tokenizer", "The tokenizer: its file, or a folder with it"), Options.File("--data", "A file of rows; generated sums otherwise"));
        tokenizer.Required = true;
        var template = new Option<string>("--template") { Description = $"The prompt's template ({PromptTemplates.Default})", DefaultValueFactory = _ => PromptTemplates.Default };
        Option<int> limit = Options.Count("--limit", "Most rows", 2000), cutoff = Options.Count("--cutoff-len", "Most tokens of a row", 512, 3);
        var command = new Command("encode", "Rows to examples (template, tokens, label mask), one thread: rows and tokens per second") { tokenizer, data, template, limit, cutoff };
        command.SetAction(parsed =>
        {
            var builder = new ExampleBuilder(TokenizerDirectory.Load(parsed.GetValue(tokenizer)!), PromptTemplates.Get(parsed.GetValue(template)!), parsed.GetValue(cutoff));
            List<Conversation> rows = parsed.GetValue(data) is { } file
                ? [.. RecordReader.Read(file).Take(parsed.GetValue(limit))] : [.. GoatGenerator.Generate(new GoatOptions { Count = parsed.GetValue(limit) }, 0).Select(item => Conversation.Of(item.Record))];
            if (rows.Count == 0) throw new BenchmarkException($"{parsed.GetValue(data)}: holds no rows");
            List<Example> Build() => [.. rows.Select(row => builder.Build(row)).Select(built => built.Example).OfType<Example>()];
            var examples = Build(); // not counted
            if (examples.Count == 0) throw new BenchmarkException($"none of the {rows.Count} rows teaches anything under a cutoff of {parsed.GetValue(cutoff)} tokens");
            var (best, all) = (double.MaxValue, Stopwatch.StartNew());
            do
            {
                var clock = Stopwatch.StartNew();
                Build();
                best = Math.Min(best, clock.Elapsed.TotalSeconds);
            }
            while (all.Elapsed < _duration);
            long tokens = examples.Sum(example => (long)example.Ids.Length);
            Options.Print(parsed, new { benchmark = "encode", rows_per_s = Math.Round(rows.Count / best), tokens_per_s = Math.Round(tokens / best), rows = rows.Count, examples = examples.Count, tokens });
        });
        return command;
    }
}
