using System.Diagnostics;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Preparation;

/// <summary>Figures of a preparation.</summary>
/// <param name="Rows">Rows that were prepared.</param>
/// <param name="Bytes">Bytes of their file.</param>
/// <param name="Tokens">Tokens of their examples.</param>
/// <param name="ColdSeconds">From the file to the written cache.</param>
/// <param name="TokenizerSeconds">The tokenizer alone on the same prompts and answers, on all cores.</param>
/// <param name="OpenSeconds">Finding and opening the cache again, the hash of the file included.</param>
/// <param name="PeakMegabytes">The process's greatest memory.</param>
public sealed record EncodeFigures(int Rows, long Bytes, long Tokens, double ColdSeconds, double TokenizerSeconds, double OpenSeconds, long PeakMegabytes);

/// <summary>Measures how fast rows are prepared.</summary>
public static class EncodeBenchmark
{
    private const string Words = "the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know";

    /// <summary>Writes rows, prepares them, and opens the cache.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="rows">How many rows; their lengths are those of Alpaca's.</param>
    /// <param name="folder">Where the file and the cache are written; it is deleted at the end.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static EncodeFigures Run(ITokenizer tokenizer, int rows, string folder, TimeProvider time, CancellationToken cancellation)
    {
        var file = Path.Combine(folder, "rows.jsonl");
        try
        {
            AtomicFile.Write(file, stream => WriteRows(stream, rows));
            var spec = new DataSpec { Sources = [new SourceSpec { Path = file }] };
            PreparedData Prepare() => new DataPreparation(new DatasetCatalogue(), Path.Combine(folder, "tokens")).Prepare(spec, tokenizer, PromptTemplates.Alpaca, 512, 0, cancellation);
            var began = time.GetTimestamp();
            var prepared = Prepare();
            var cold = time.GetElapsedTime(began).TotalSeconds;
            began = time.GetTimestamp();
            if (!Prepare().FromCache) throw new InvalidOperationException("the cache was not found again");
            var open = time.GetElapsedTime(began).TotalSeconds;
            return new EncodeFigures(rows, new FileInfo(file).Length, prepared.Report.Tokens, cold, Alone(tokenizer, file, time, cancellation), open, Process.GetCurrentProcess().PeakWorkingSet64 >> 20);
        }
        finally
        {
            AtomicFile.TryDeleteFolder(folder);
        }
    }

    private static double Alone(ITokenizer tokenizer, string file, TimeProvider time, CancellationToken cancellation)
    {
        var seconds = 0.0;
        foreach (var chunk in Importing.RecordReader.Read(file).Chunk(10_000))
        {
            var texts = chunk.SelectMany(row => new[] { PromptTemplates.Alpaca.Prompt(row.Instruction, row.Input), PromptTemplates.Alpaca.Response(row.Output) }).ToList();
            var began = time.GetTimestamp();
            tokenizer.EncodeAll(texts, cancellation: cancellation);
            seconds += time.GetElapsedTime(began).TotalSeconds;
        }
        return seconds;
    }

    private static void WriteRows(Stream stream, int rows)
    {
        var words = Words.Split(' ');
        var random = SeededRandom.For(0, "encode-benchmark");
        using var writer = new StreamWriter(stream, leaveOpen: true);
        // Alpaca's instructions have 10 words and its outputs 45 on average; four of ten rows have an input.
        for (var i = 0; i < rows; i++)
            writer.Write($$"""{"instruction": "{{Text(10)}}", "input": "{{(random.Next(10) < 4 ? Text(12) : "")}}", "output": "{{Text(45)}}"}""" + "\n");

        string Text(int average) => string.Join(' ', Enumerable.Range(0, 1 + random.Next(2 * average)).Select(_ => words[random.Next(words.Length)]));
    }
}
