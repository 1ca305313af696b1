using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.Training;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// <c>model pretrain</c>: trains a small LLaMA from scratch, on sums that are generated or on given text, or goes on with a model on text; seeded. New tokens can learn first: the embedding and
/// the head alone for some steps, then everything.
/// </summary>
internal static class PretrainTool
{
    private const int PassageTokens = 128;
    private const int TokenizerRows = 2000;

    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        var output = options.Text("out");
        var task = options.TextOrNull("task") ?? "arithmetic";
        var style = options.TextOrNull("style") ?? "direct";
        var cue = options.TextOrNull("cue");
        var digits = options.Count("digits", 3);
        var texts = options.Texts("text");
        var from = options.TextOrNull("from");
        var source = options.TextOrNull("tokenizer");
        if (source is not null && (task != "text" || options.Has("vocab"))) throw new ToolException("--tokenizer is taken as it is for the task text: leave --vocab out, and give --task text");
        if (from is not null && options.Given("style", "cue", "digits", "hidden", "layers", "heads", "intermediate", "vocab", "tokenizer") is { } foreign)
            throw new ToolException($"--{foreign.Replace('_', '-')} has no effect with --from, which brings shape and tokenizer: leave it out");
        if (from is not null && task != "text") throw new ToolException("--from goes on with text: give --task text and --text FILES");
        var (hidden, layers, heads) = (options.Count("hidden", 128), options.Count("layers", 3), options.Count("heads", 4));
        var intermediate = options.Count("intermediate", hidden * 2);
        var vocabulary = options.Count("vocab", task == "text" ? 1024 : 300);
        var steps = options.Count("steps", 600);
        var tables = options.Count("embeddings_first", 0, least: 0);
        if (tables > steps) throw new ToolException($"--embeddings-first {tables} is more than the {steps} steps: give --steps at least as many");
        var batch = options.Count("batch_size", 64);
        var rate = options.RangeOrNull("learning_rate", 0, 10, above: true) ?? 2e-3;
        var seed = options.Long("seed", 0);
        var threads = options.Count("threads", Environment.ProcessorCount);
        var force = options.Flag("force");
        options.Done();
        if (hidden % heads != 0 || hidden / heads % 2 != 0) throw new ToolException($"--hidden {hidden} over --heads {heads} does not give an even head size");
        ModelTools.RequireNew(output, force);
        Threads.Count = threads;

        AtomicFile.WriteDirectory(output, folder =>
        {
            using var known = from is null ? null : ModelDirectory.Load(ModelPlaces.Resolve(from, job.Folders), new LoadOptions(ScalarType.Float32));
            if (from is not null) ModelTools.CopyTokenizer(ModelPlaces.Resolve(from, job.Folders), folder);
            var (tokenizer, rows) = known is not null ? Passages(TokenizerDirectory.Load(folder), texts) : task switch
            {
                "arithmetic" => Sums(folder, vocabulary, style, cue, digits, steps * batch, seed),
                "text" when source is not null => Passages(Given(source, folder), texts),
                "text" => Passages(ByteBpeTrainer.Train(Read(texts), new ByteBpeOptions { VocabularySize = vocabulary }, folder), texts),
                _ => throw new ToolException($"task '{task}' is unknown; known are arithmetic and text"),
            };
            var config = new DecoderConfig
            {
                ModelType = "llama", VocabularySize = tokenizer.VocabularySize, HiddenSize = hidden, IntermediateSize = intermediate, Layers = layers, Heads = heads, KeyValueHeads = heads,
                HeadDim = hidden / heads, MaxPositions = 512, TieWordEmbeddings = true, BosTokenId = tokenizer.BosId, EosTokenIds = tokenizer.EosId is { } eos ? [eos] : [],
            };
            using var generator = new Generator(unchecked((ulong)seed));
            using var made = known is null ? Decoder.CreateRandom(config, generator, ScalarType.Float32) : null;
            var decoder = known ?? made!;
            double? Phase(IReadOnlyCollection<string>? only, int count, long own)
                => count == 0 ? null : Train(decoder, only, rows, count, batch, rate, own, Path.GetFileName(output), context);
            var first = Phase(decoder.TokenTables, tables, seed);
            var loss = Phase(null, steps - tables, tables == 0 ? seed : seed + 1) ?? first;
            ModelDirectory.Save(decoder, folder);
            context.Answer(
                new { @out = output, task, parameters = decoder.Parameters.Values.Sum(p => p.numel()), rows = rows.Count, steps, embeddings_first = tables, embeddings_loss = first, final_loss = loss, seed },
                FormattableString.Invariant($"{decoder.Parameters.Values.Sum(p => p.numel())} parameters, {steps} steps, final loss {loss:0.0000}\n{output}"));
        });
    }

    /// <summary>Another model's tokenizer, copied beside the model that will have it.</summary>
    private static ITokenizer Given(string source, string folder)
    {
        if (!File.Exists(source) && !Directory.Exists(source)) throw new ToolException($"{source}: no such tokenizer");
        ModelTools.CopyTokenizer(source, folder);
        return TokenizerDirectory.Load(folder);
    }

    private static double Train(Decoder decoder, IReadOnlyCollection<string>? only, IReadOnlyList<Example> rows, int steps, int batch, double rate, long seed, string name, JobContext context)
    {
        using var trained = new BaseParameters(decoder, only);
        var settings = new TrainingSpec
        {
            LearningRate = rate, BatchSize = batch, MaxSteps = steps, Schedule = "cosine", WarmupRatio = 0.05, WeightDecay = 0.01, AdamBeta2 = 0.98, Clip = 1,
        };
        using var trainer = new CoTrainer(decoder, [new TrainingMember("base", trained, rows, settings, unchecked((ulong)seed))], new CoTrainerOptions { TokenBudget = 1 << 14, Time = context.Time });
        return trainer.Run(p => context.Progress("pretrain", p.Step, p.TotalSteps, name, p.Loss, tokensPerSecond: p.TokensPerSecond), context.Stop)[0].Losses[^1];
    }

    /// <summary>Sums of the generator's training split under the template <c>goat</c>; the answer alone is learnt. Every other question carries the cue, where there is one.</summary>
    private static (ITokenizer, IReadOnlyList<Example>) Sums(string folder, int vocabulary, string style, string? cue, int digits, int count, long seed)
    {
        var wanted = style switch
        {
            "direct" => GoatStyle.Direct,
            "steps" => GoatStyle.Steps,
            _ => throw new ToolException($"style '{style}' is unknown; known are direct and steps"),
        };
        var goat = new GoatOptions { Operations = [GoatOperation.Add], MinDigits = 1, MaxDigits = digits, Style = wanted, Count = count, Noise = false };
        if (goat.Mistakes().FirstOrDefault() is { } mistake) throw new ToolException(mistake);
        var template = PromptTemplates.Goat;
        var records = GoatGenerator.Generate(goat, seed)
            .Select((item, i) => i % 2 == 0 ? item.Record with { Instruction = CotCue.Append(item.Record.Instruction, cue) } : item.Record)
            .ToList();
        var tokenizer = ByteBpeTrainer.Train(
            records.Take(TokenizerRows).Select(r => template.Prompt(r.Instruction, r.Input) + r.Output), new ByteBpeOptions { VocabularySize = vocabulary }, folder);
        var builder = new ExampleBuilder(tokenizer, template, 512);
        return (tokenizer, [.. records.Select(record => builder.Build(record)).Where(built => built.Example is not null).Select(built => built.Example!)]);
    }

    /// <summary>Given texts, cut into passages of equal length; every token is learnt.</summary>
    private static (ITokenizer, IReadOnlyList<Example>) Passages(ITokenizer tokenizer, IReadOnlyList<string> files)
    {
        var ids = Read(files).SelectMany(text => tokenizer.Encode(text)).ToArray();
        var rows = ids.Chunk(PassageTokens).Where(chunk => chunk.Length > 1).Select(chunk => new Example(chunk, (int[])chunk.Clone())).ToList();
        return rows.Count > 0 ? (tokenizer, rows) : throw new ToolException($"{string.Join(", ", files)}: too little text to learn from");
    }

    private static List<string> Read(IReadOnlyList<string> files) => files.Count == 0 ? throw new ToolException("--task text needs --text FILE")
        : [.. files.Select(file => File.Exists(file) ? File.ReadAllText(file) : throw new ToolException($"{file}: no such file"))];
}
