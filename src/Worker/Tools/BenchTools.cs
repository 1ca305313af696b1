using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training.Benchmarks;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>The benchmarks that compute; each answers with JSON lines.</summary>
internal static class BenchTools
{
    /// <summary>LoRA training of a 40 M-parameter LLaMA on given rows.</summary>
    public static void Training(ToolOptions options, ToolJob job, JobContext context)
    {
        var defaults = new TrainingBenchmarkOptions { Rows = options.Text("rows") };
        var settings = defaults with
        {
            Steps = options.Int("steps", defaults.Steps), BatchSize = options.Int("batch", defaults.BatchSize), Precision = options.TextOrNull("precision") ?? defaults.Precision,
            Threads = options.Int("threads", defaults.Threads), Layers = options.Int("layers", defaults.Layers), Hidden = options.Int("hidden", defaults.Hidden),
        };
        options.Done();
        var result = TrainingBenchmark.Run(settings, context.Time);
        context.Answer(new
        {
            benchmark = "training", tokens_per_s = Math.Round(result.TokensPerS, 1), supervised_per_s = Math.Round(result.SupervisedPerS, 1), step_ms = Math.Round(result.StepMs, 1),
            peak_rss_mb = Math.Round(result.PeakRssMb), first_loss = result.Losses[0], last_loss = result.Losses[^1], steps = settings.Steps, precision = settings.Precision, threads = settings.Threads,
        });
    }

    /// <summary>Greedy decoding of the same shape through the engine.</summary>
    public static void Decode(ToolOptions options, ToolJob job, JobContext context)
    {
        var precision = options.TextOrNull("precision") ?? "bf16";
        var (threads, layers, hidden) = (options.Int("threads", Environment.ProcessorCount), options.Int("layers", 8), options.Int("hidden", 512));
        var (tokens, members) = (options.Int("tokens", 256), options.Int("members", 0));
        options.Done();
        Threads.Count = threads;
        var config = new DecoderConfig
        {
            ModelType = "llama", VocabularySize = 32_000, HiddenSize = hidden, IntermediateSize = hidden * 43 / 16, Layers = layers, Heads = 8, KeyValueHeads = 8, HeadDim = hidden / 8,
            MaxPositions = 2048, EosTokenIds = [2], BosTokenId = 1,
        };
        using var generator = new Generator(0);
        using var decoder = Decoder.CreateRandom(config, generator, WorkerState.LoadingOf(precision).Dtype);
        var bank = new AdapterBank(decoder);
        for (var i = 0; i < members; i++) bank.Add(AdapterFactory.Create(decoder, new LoraConfig { Init = LoraInit.Random }, generator));
        foreach (var figure in DecodeBenchmark.Run(decoder, ByteTokens.Instance, [1, 8], newTokens: tokens, bank: bank, members: members))
        {
            context.Answer(new
            {
                benchmark = "decode", batch = figure.Batch, new_tokens = figure.NewTokens, seconds = Math.Round(figure.Seconds, 3), tokens_per_s = Math.Round(figure.TokensPerSecond, 1),
                allocated_per_token = figure.AllocatedPerToken, precision, threads, members,
            });
        }
    }

    /// <summary>Encoding and decoding a text.</summary>
    public static void Tokenize(ToolOptions options, ToolJob job, JobContext context)
    {
        var tokenizer = TokenizerDirectory.Load(options.Text("tokenizer"));
        var texts = File.ReadAllLines(options.Text("text"));
        options.Done();
        var figures = TokenizerBenchmark.Run(tokenizer, texts, context.Time, TimeSpan.FromSeconds(3));
        context.Answer(new
        {
            benchmark = "tokenize", encode_mb_per_s = Math.Round(figures.EncodeMegabytesPerSecond, 2), decode_mb_per_s = Math.Round(figures.DecodeMegabytesPerSecond, 2),
            bytes = figures.Bytes, tokens = figures.Tokens, bytes_per_token = Math.Round(figures.BytesPerToken, 3),
        });
    }
}
