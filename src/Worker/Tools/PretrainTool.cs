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
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// <c>model pretrain</c>: trains a small LLaMA from scratch, on sums that are generated or on given text, or goes on with a model on text; seeded. New tokens can learn first: the embedding and
/// the head alone for some steps, then everything.
/// </summary>
internal static class PretrainTool
{
    private const int PassageTokens = 128;
    private const int TokenizerRows = 2000;

    public static void Run(PretrainRequest request, WorkerFolders folders, JobContext context)
    {
        var (output, task, texts, from, steps, batch, seed) = (request.Out, request.Task, request.Text, request.From, request.Steps, request.BatchSize, request.Seed);
        if (request.Tokenizer is not null && (task != PretrainRequest.GivenText || request.Vocab is not null)) throw new ToolException("--tokenizer is taken as it is for the task text: leave --vocab out, and give --task text");
        if (from is not null && OfAnotherShape(request) is { } foreign)
            throw new ToolException($"--{foreign} has no effect with --from, which brings shape and tokenizer: leave it out");
        if (from is not null && task != PretrainRequest.GivenText) throw new ToolException("--from goes on with text: give --task text and --text FILES");
        var tables = request.EmbeddingsFirst;
        if (tables > steps) throw new ToolException($"--embeddings-first {tables} is more than the {steps} steps: give --steps at least as many");
        var (hidden, layers, heads) = (request.Hidden ?? 128, request.Layers ?? 3, request.Heads ?? 4);
        var intermediate = request.Intermediate ?? hidden * 2;
        var vocabulary = request.Vocab ?? (task == PretrainRequest.GivenText ? 1024 : 300);
        if (hidden % heads != 0 || hidden / heads % 2 != 0) throw new ToolException($"--hidden {hidden} over --heads {heads} does not give an even head size");
        ModelTools.RequireNew(output, request.Force);
        Threads.Count = request.Threads ?? Environment.ProcessorCount;

        AtomicFile.WriteDirectory(output, folder =>
        {
            using var known = from is null ? null : ModelDirectory.Load(ModelPlaces.Resolve(from, folders), new LoadOptions(ScalarType.Float32));
            if (from is not null) ModelTools.CopyTokenizer(ModelPlaces.Resolve(from, folders), folder);
            var (tokenizer, rows) = known is not null ? Passages(TokenizerDirectory.Load(folder), texts) : task switch
            {
                PretrainRequest.Arithmetic => Sums(folder, vocabulary, request, (int)Math.Min((long)steps * batch, GoatOptions.CountLimit)),
                PretrainRequest.GivenText when request.Tokenizer is { } source => Passages(Given(source, folder), texts),
                PretrainRequest.GivenText => Passages(ByteBpeTrainer.Train(Read(texts), new ByteBpeOptions { VocabularySize = vocabulary }, folder), texts),
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
                => count == 0 ? null : Train(decoder, only, rows, count, batch, request.LearningRate, own, Path.GetFileName(output), context);
            var first = Phase(decoder.TokenTables, tables, seed);
            var loss = Phase(null, steps - tables, tables == 0 ? seed : seed + 1) ?? first;
            ModelDirectory.Save(decoder, folder);
            context.Answer(
                new { @out = output, task, parameters = decoder.Parameters.Values.Sum(p => p.numel()), rows = rows.Count, steps, embeddings_first = tables, embeddings_loss = first, final_loss = loss, seed },
                FormattableString.Invariant($"{decoder.Parameters.Values.Sum(p => p.numel())} parameters, {steps} steps, final loss {loss:0.0000}\n{output}"));
        });
    }

    /// <summary>The first option of those that say a shape, which a model to go on with brings itself.</summary>
    private static string? OfAnotherShape(PretrainRequest request)
    {
        (string Name, object? Given)[] options =
        [
            ("style", request.Style), ("cue", request.Cue), ("digits", request.Digits), ("hidden", request.Hidden), ("layers", request.Layers), ("heads", request.Heads),
            ("intermediate", request.Intermediate), ("vocab", request.Vocab), ("tokenizer", request.Tokenizer),
        ];
        return options.FirstOrDefault(option => option.Given is not null).Name;
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
    private static (ITokenizer, IReadOnlyList<Example>) Sums(string folder, int vocabulary, PretrainRequest request, int count)
    {
        var wanted = request.Style switch
        {
            null or "direct" => GoatStyle.Direct,
            "steps" => GoatStyle.Steps,
            var style => throw new ToolException($"style '{style}' is unknown; known are direct and steps"),
        };
        var goat = new GoatOptions { Operations = [GoatOperation.Add], MinDigits = 1, MaxDigits = request.Digits ?? 3, Style = wanted, Count = count, Noise = false };
        if (goat.Mistakes().FirstOrDefault() is { } mistake) throw new ToolException(mistake);
        var template = PromptTemplates.Goat;
        var records = GoatGenerator.Generate(goat, request.Seed)
            .Select((item, i) => i % 2 == 0 ? item.Record with { Instruction = CotCue.Append(item.Record.Instruction, request.Cue) } : item.Record)
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
