using System.CommandLine;
using System.Diagnostics;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>From a file of rows to a token cache, and the cache opened again.</summary>
internal static class PrepareBenchmark
{
    private const string Words = "the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know";

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var tokenizer = Options.File("--tokenizer", "The tokenizer: its file, or a folder with it");
        tokenizer.Required = true;
        var count = Options.Count("--count", "Rows; their lengths are those of Alpaca's", 100_000);
        var rows = Options.File("--rows", "A file of rows to prepare; without it as many as --count says are made");
        var command = new Command("prepare", "Alpaca-like rows from their file to the token cache on all cores, beside the tokenizer alone; the cache opened again") { tokenizer, count, rows };
        command.SetAction((parsed, cancellation) =>
        {
            var folder = Directory.CreateTempSubdirectory("alpacacot-prepare-").FullName;
            try
            {
                Run(parsed, TokenizerDirectory.Load(parsed.GetValue(tokenizer)!), parsed.GetValue(count), parsed.GetValue(rows), folder, cancellation);
            }
            finally
            {
                AtomicFile.TryDeleteFolder(folder);
            }
            return Task.CompletedTask;
        });
        return command;
    }

    private static void Run(ParseResult parsed, ITokenizer tokenizer, int count, string? given, string folder, CancellationToken cancellation)
    {
        var file = given ?? Path.Combine(folder, "rows.jsonl");
        if (given is null) AtomicFile.Write(file, stream => WriteRows(stream, count));
        var spec = new DataSpec { Sources = [new SourceSpec { Path = file }] };
        PreparedData Prepare() => new DataPreparation(new DatasetCatalogue(), Path.Combine(folder, "tokens")).Prepare(spec, tokenizer, PromptTemplates.Alpaca, 512, 0, cancellation);
        var clock = Stopwatch.StartNew();
        var prepared = Prepare();
        var cold = clock.Elapsed.TotalSeconds;
        clock.Restart();
        if (!Prepare().FromCache) throw new BenchmarkException("the token cache was not found again");
        var open = clock.Elapsed.TotalSeconds;
        var rows = prepared.Report.RowsRead;
        var peak = PeakMemory.OfProcess(Environment.ProcessId) >> 20;
        Options.Print(parsed, new
        {
            benchmark = "prepare", rows, bytes = new FileInfo(file).Length, tokens = prepared.Report.Tokens, rows_per_s = Math.Round(rows / cold), cold_s = Math.Round(cold, 3),
            tokenizer_rows_per_s = Math.Round(rows / Alone(tokenizer, file, cancellation)), open_s = Math.Round(open, 3), peak_rss_mb = peak, threads = Environment.ProcessorCount,
        });
    }

    /// <summary>Seconds that the tokenizer takes for the same prompts and answers, on all cores.</summary>
    private static double Alone(ITokenizer tokenizer, string file, CancellationToken cancellation)
    {
        var clock = new Stopwatch();
        foreach (var chunk in RecordReader.Read(file).Chunk(10_000))
        {
            var texts = chunk.SelectMany(row => new[] { PromptTemplates.Alpaca.Prompt(row.Instruction, row.Input), PromptTemplates.Alpaca.Response(row.Output) }).ToList();
            clock.Start();
            tokenizer.EncodeAll(texts, cancellation: cancellation);
            clock.Stop();
        }
        return clock.Elapsed.TotalSeconds;
    }

    private static void WriteRows(Stream stream, int rows)
    {
        var words = Words.Split(' ');
        var random = SeededRandom.For(0, "prepare-benchmark");
        using var writer = new StreamWriter(stream, leaveOpen: true);
        // Alpaca's instructions have 10 words and its outputs 45 on average; four of ten rows have an input.
        for (var i = 0; i < rows; i++) writer.Write($$"""{"instruction": "{{Text(10)}}", "input": "{{(random.Next(10) < 4 ? Text(12) : "")}}", "output": "{{Text(45)}}"}""" + "\n");

        string Text(int average) => string.Join(' ', Enumerable.Range(0, 1 + random.Next(2 * average)).Select(_ => words[random.Next(words.Length)]));
    }
}
