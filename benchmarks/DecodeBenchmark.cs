using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Inference;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>Greedy decoding through the engine, scheduler and sampler included.</summary>
internal static class DecodeBenchmark
{
    // By then the loops run compiled with all optimisations, and memory is there.
    private const int WarmUpTokens = 64;

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        Option<int> tokens = Options.Count("--tokens", "New tokens of a sequence", 256, 2), prompt = Options.Count("--prompt-tokens", "Tokens of a prompt", 32),
            members = Options.Count("--members", "LoRA adapters, which the sequences take in turn", 0, 0), threads = Options.Threads();
        var profiled = Profile.Option();
        Option<string> precision = Options.Precision(), device = Options.Device(profiled);
        var batches = new Option<int[]>("--batch") { Description = "Sequences at once; repeatable, a line each (1 and 8)", DefaultValueFactory = _ => [1, 8], AllowMultipleArgumentsPerToken = true };
        batches.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => int.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value < 1) is { } wrong) result.AddError($"--batch {wrong.Value}: must be at least 1");
        });
        var command = new Command("decode", "Greedy decoding: new tokens per second with the prompts' reading and without (decode_tokens_per_s), and the share of the bandwidth of memory, measured in the same run, that reading the weights takes") { tokens, prompt, batches, members, precision, device, threads, profiled };
        shape.AddTo(command);
        command.SetAction(parsed =>
        {
            using var model = new ServedModel(shape.Read(parsed), parsed.GetValue(precision)!, parsed.GetValue(threads), parsed.GetValue(members), parsed.GetValue(device)!);
            using var engine = model.Engine();
            var bandwidth = MemoryBenchmark.BytesPerSecond(parsed.GetValue(threads), model.Decoder.Device);
            foreach (var batch in parsed.GetValue(batches)!)
            {
                IReadOnlyList<Generation> Generate(int count) => engine.Generate([.. Enumerable.Range(0, batch).Select(i => model.Request(i, parsed.GetValue(prompt), count))]);
                Generate(Math.Min(WarmUpTokens, parsed.GetValue(tokens)));
                // A generation of one token reads the prompts and little else: what the others take is what the tokens after it take.
                var reading = Stopwatch.StartNew();
                Generate(1);
                reading.Stop();
                var before = GC.GetTotalAllocatedBytes(precise: true);
                var clock = Stopwatch.StartNew();
                var total = Generate(parsed.GetValue(tokens)).Sum(g => g.Ids.Count);
                var seconds = clock.Elapsed.TotalSeconds;
                var steps = parsed.GetValue(tokens) - 1;
                var decoding = Math.Max(seconds - reading.Elapsed.TotalSeconds, 1e-9);
                Options.Print(parsed, new
                {
                    benchmark = "decode", batch, new_tokens = total, seconds = Math.Round(seconds, 3), tokens_per_s = Math.Round(total / seconds, 1), decode_tokens_per_s = Math.Round(steps * batch / decoding, 1),
                    prompt_tokens_per_s = Math.Round(parsed.GetValue(prompt) * batch / reading.Elapsed.TotalSeconds, 1),
                    allocated_per_token = (GC.GetTotalAllocatedBytes(precise: true) - before) / total, parameters = model.Parameters, bytes_per_step = model.BytesPerStep, memory_gb_per_s = Math.Round(bandwidth / 1e9, 2),
                    bandwidth_share = Math.Round(steps / decoding * model.BytesPerStep / bandwidth, 3), precision = parsed.GetValue(precision), device = parsed.GetValue(device), threads = parsed.GetValue(threads), members = parsed.GetValue(members),
                });
                if (parsed.GetValue(profiled)) Profile.Of(() => Generate(parsed.GetValue(tokens))).Print(parsed, model.Decoder, Profile.UsualRows, parsed.GetValue(threads));
            }
        });
        return command;
    }
}

/// <summary>A random decoder with random adapters, to be asked.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly Generator _generator;
    private readonly Decoder _decoder;
    private readonly AdapterBank _bank;
    private readonly int _members;

    /// <summary>Makes them.</summary>
    public ServedModel(Shape shape, string precision, int threads, int members, string device = "cpu")
    {
        var config = shape.Config();
        LibTorch.Load();
        Threads.Count = threads; // before the weights are drawn
        _generator = new Generator(0);
        _decoder = Decoder.CreateRandom(config, _generator, Options.TypeOf(precision), Options.DeviceOf(device), Options.StorageOf(precision));
        _bank = new AdapterBank(_decoder);
        _members = members;
        for (var i = 0; i < members; i++) _bank.Add(AdapterFactory.Create(_decoder, new LoraConfig { Init = LoraInit.Random }, _generator));
    }

    /// <summary>The decoder.</summary>
    public Decoder Decoder => _decoder;

    /// <summary>Weights in all.</summary>
    public long Parameters => _decoder.ParameterCount;

    /// <summary>Bytes of weights that a step reads: every weight once, but of the embedding a row for each sequence.</summary>
    public long BytesPerStep => _decoder.WeightBytes - _decoder.Embedding.Bytes();

    /// <summary>An engine over it.</summary>
    public InferenceEngine Engine() => new(_decoder, new IdTexts(_decoder.Config.VocabularySize), _bank);

    /// <summary>The <paramref name="i"/>-th request, which has a prompt of its own.</summary>
    public GenerationRequest Request(int i, int promptTokens, int newTokens) => new(
        $"bench-{i}", [.. Enumerable.Range(0, promptTokens).Select(t => (int)(1 + (t * 7919L + i * 104729L) % (_decoder.Config.VocabularySize - 1)))], _members > 0 ? i % _members : -1,
        new DecodingSettings { MaxNewTokens = newTokens, IgnoreEos = true });

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _generator.Dispose();
    }
}
