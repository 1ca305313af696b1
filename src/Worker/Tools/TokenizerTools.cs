using System.Globalization;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.Training;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>tokenizer train</c>, <c>tokenizer extend</c> and <c>tokenizer compare</c>.</summary>
internal static class TokenizerTools
{
    private const string Configuration = "tokenizer_config.json";

    private const string Model = "tokenizer.model";

    /// <summary>All that a training of either kind writes.</summary>
    private static readonly string[] _written = ["tokenizer.json", Model, Configuration];

    /// <summary>All that an extension writes.</summary>
    private static readonly string[] _extended = [Model, Configuration, "special_tokens_map.json"];

    /// <summary>Trains a tokenizer on text.</summary>
    public static void Train(TrainTokenizerRequest request, JobContext context)
    {
        var (output, files, kind, vocabulary, whole, force, seed) = (request.Out, request.Text, request.Kind, request.Vocab, request.WholeNumbers, request.Force, request.Seed);
        if (files.Count == 0) throw new ToolException("--text names no file");
        ModelTools.RequireNew(output, force, Configuration);
        // A model's folder holds a tokenizer too, and much that is not to be replaced.
        if (force && Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Select(entry => Path.GetFileName(entry)).FirstOrDefault(name => !_written.Contains(name)) is { } other)
            throw new ToolException($"{output} holds {other} beside a tokenizer: --force replaces only what such a command has written; choose another folder");
        var texts = files.SelectMany(Lines).ToList();
        var all = texts.Count;
        if (request.Lines is { } most && most < texts.Count) texts = Sample(texts, most, seed);
        if (kind is not (TrainTokenizerRequest.ByteBpe or TrainTokenizerRequest.SentencePiece)) throw new ToolException($"kind '{kind}' is unknown; known are {TrainTokenizerRequest.ByteBpe} and {TrainTokenizerRequest.SentencePiece}");
        // The folder is replaced whole: files of the other kind would be read instead of those of this one.
        AtomicFile.WriteDirectory(output, folder =>
        {
            if (kind == TrainTokenizerRequest.ByteBpe) ByteBpeTrainer.Train(texts, new ByteBpeOptions { VocabularySize = vocabulary, SplitDigits = !whole }, folder);
            else SentencePieceTrainer.Train(texts, new SentencePieceTraining { VocabularySize = vocabulary, SplitDigits = !whole }, folder);
        });
        var tokenizer = TokenizerDirectory.Load(output);
        if (tokenizer.VocabularySize < vocabulary) context.Remark([$"the text offers no more pairs: {tokenizer.VocabularySize} of {vocabulary} ids"]);
        context.Answer(
            new { @out = output, kind, vocabulary_size = tokenizer.VocabularySize, lines = texts.Count, of_lines = all, seed, content_hash = tokenizer.ContentHash },
            string.Create(CultureInfo.InvariantCulture, $"{kind}, {tokenizer.VocabularySize} ids, from {texts.Count:N0} of {all:N0} lines\n{output}"));
    }

    /// <summary>Adds the pieces of one SentencePiece model to another.</summary>
    public static void Extend(ExtendTokenizerRequest request, WorkerFolders folders, JobContext context)
    {
        var (output, force) = (request.Out, request.Force);
        ModelTools.RequireNew(output, force, Model);
        if (force && Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Select(entry => Path.GetFileName(entry)).FirstOrDefault(name => !_extended.Contains(name)) is { } other)
            throw new ToolException($"{output} holds {other} beside a tokenizer: --force replaces only what such a command has written; choose another folder");
        ExtensionFigures figures = new(0, 0);
        AtomicFile.WriteDirectory(output, folder => figures = SentencePieceExtension.Extend(ModelOf(request.Tokenizer), ModelOf(request.Pieces), request.Han, folder));
        var extended = TokenizerDirectory.Load(output);
        context.Answer(
            new { @out = output, vocabulary_size = extended.VocabularySize, pieces = figures.Pieces, used = figures.Used, content_hash = extended.ContentHash },
            string.Create(CultureInfo.InvariantCulture, $"{extended.VocabularySize:N0} ids, {figures.Pieces:N0} of them new; {figures.Used:N0} of those are what their own text is encoded as\n{output}"));
        string ModelOf(string place) => File.Exists(place) ? place
            : Path.Combine(ModelPlaces.Resolve(place, folders), Model) is var file && File.Exists(file) ? file : throw new ToolException($"{place}: no {Model} there; pieces are added to SentencePiece models");
    }

    /// <summary>Shows how several tokenizers split the same text.</summary>
    public static void Compare(CompareTokenizersRequest request, WorkerFolders folders, JobContext context)
    {
        var (names, files, shown) = (request.Tokenizers, request.Text, request.Show);
        if (files.Count == 0 && shown is null) throw new ToolException("nothing to compare on: give --text FILES or --show TEXT");
        var texts = files.Select(file => (File: file, Lines: Lines(file).ToList())).ToList();
        var compared = names.Select(name =>
        {
            var tokenizer = TokenizerDirectory.Load(File.Exists(name) ? name : ModelPlaces.Resolve(name, folders));
            return (Name: name, Tokenizer: tokenizer, Files: texts.Select(text => (text.File, Figures: TokenizerComparison.Of(tokenizer, text.Lines, context.Stop))).ToList(),
                Pieces: shown is null ? null : TokenizerComparison.Pieces(tokenizer, shown));
        }).ToList();
        var text = new StringBuilder();
        foreach (var (name, tokenizer, figures, pieces) in compared)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} ({tokenizer.VocabularySize:N0} ids)\n");
            if (pieces is not null) text.Append(CultureInfo.InvariantCulture, $"  {pieces.Count} tokens: {string.Join('|', pieces)}\n");
            foreach (var (file, kinds) in figures)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {file}\n    {"",-14}{"characters",12}{"tokens",10}{"chars/token",13}{"bytes/token",13}\n");
                foreach (var kind in kinds) text.Append(CultureInfo.InvariantCulture, $"    {kind.Kind,-14}{kind.Characters,12}{kind.Tokens,10}{kind.CharactersPerToken,13:0.00}{kind.BytesPerToken,13:0.00}\n");
            }
        }
        context.Answer(
            new
            {
                tokenizers = compared.Select(c => new
                {
                    tokenizer = c.Name, vocabulary_size = c.Tokenizer.VocabularySize, pieces = c.Pieces,
                    files = c.Files.Select(f => new
                    {
                        file = f.File,
                        kinds = f.Figures.Select(k => new { kind = k.Kind, characters = k.Characters, bytes = k.Bytes, tokens = k.Tokens, characters_per_token = Math.Round(k.CharactersPerToken, 4), bytes_per_token = Math.Round(k.BytesPerToken, 4) }),
                    }),
                }),
            },
            text.ToString().TrimEnd());
    }

    private static IEnumerable<string> Lines(string file)
    {
        if (!File.Exists(file)) throw new ToolException($"{file}: no such file");
        try
        {
            return FileText.Read(file).Split('\n');
        }
        catch (InvalidDataException e)
        {
            throw new ToolException(e.Message);
        }
    }

    /// <summary>So many lines, in their order, by the seed alone.</summary>
    private static List<string> Sample(List<string> lines, int most, long seed)
    {
        var random = Specs.Randomness.SeededRandom.For(seed, "tokenizer lines");
        var places = Enumerable.Range(0, lines.Count).ToArray();
        random.Shuffle<int>(places);
        return [.. places.Take(most).Order().Select(place => lines[place])];
    }
}
