using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary>
/// <c>model expand-vocab</c>: gives a model a larger tokenizer. Rows of tokens that the old one has under the same text stay; new ones begin at the mean of the rows that the old tokenizer
/// writes their text with, or of all rows.
/// </summary>
internal static class ExpandVocabularyTool
{
    private const string Pieces = "pieces";
    private const string Mean = "mean";

    public static void Run(ExpandVocabularyRequest request, WorkerFolders folders, JobContext context)
    {
        var (input, output, source) = (request.In, request.Out, request.Tokenizer);
        var start = request.Init ?? Pieces;
        if (start is not (Pieces or Mean)) throw new ToolException($"--init {start} is unknown; known are {Pieces} and {Mean}");
        ModelTools.RequireNew(output, request.Force);
        var folder = ModelPlaces.Resolve(input, folders);
        var (before, after) = (TokenizerDirectory.Load(folder), TokenizerDirectory.Load(source));
        using var old = ModelDirectory.Load(folder);
        context.Remark(old.Remarks);
        if (after.VocabularySize <= old.Config.VocabularySize)
            throw new ToolException($"{source} has {after.VocabularySize} ids and the model {old.Config.VocabularySize} rows: there is nothing to add");
        List<(int[] Rows, bool Kept)> origins = [.. Enumerable.Range(0, after.VocabularySize).Select(id => Origin(id, before, after, start == Pieces))];
        var config = old.Config with { VocabularySize = after.VocabularySize, BosTokenId = after.BosId, EosTokenIds = after.EosId is { } eos ? [eos] : [], Source = Grown(old.Config.Source, after) };
        using var generator = new Generator(0);
        using var expanded = Decoder.CreateRandom(config, generator, old.Dtype);
        using (torch.no_grad())
            foreach (var (name, parameter) in expanded.Parameters)
            {
                context.Stop.ThrowIfCancellationRequested();
                using var scope = torch.NewDisposeScope();
                var known = old.Parameters[name];
                // Only the embedding and the head, which have a row for each token, have grown.
                parameter.copy_(known.shape.SequenceEqual(parameter.shape) ? known : Rows(known, before.VocabularySize, origins));
            }
        AtomicFile.WriteDirectory(output, made =>
        {
            ModelDirectory.Save(expanded, made);
            ModelTools.CopyTokenizer(source, made);
        });
        var (kept, pieces) = (origins.Count(origin => origin.Kept), origins.Count(origin => !origin.Kept && origin.Rows.Length > 0));
        context.Answer(
            new { @out = output, vocabulary_before = old.Config.VocabularySize, vocabulary_size = after.VocabularySize, kept, from_pieces = pieces, from_mean = origins.Count - kept - pieces },
            $"{old.Config.VocabularySize} rows before, {after.VocabularySize} now: {kept} kept, {pieces} from the pieces of their text, {origins.Count - kept - pieces} from the mean of all\n{output}");
    }

    /// <summary>The configuration as it was read, with the new size and tokens.</summary>
    private static JsonObject? Grown(JsonObject? source, ITokenizer tokenizer)
    {
        if (source?.DeepClone().AsObject() is not { } config) return null;
        foreach (var key in new[] { "vocab_size", "padded_vocab_size" })
            if (config.ContainsKey(key)) config[key] = tokenizer.VocabularySize;
        foreach (var (key, id) in new[] { ("bos_token_id", tokenizer.BosId), ("eos_token_id", tokenizer.EosId), ("pad_token_id", tokenizer.PadId) })
            if (config.ContainsKey(key)) config[key] = id;
        return config;
    }

    /// <summary>The old rows that a token's row begins at the mean of; none where it is the mean of all.</summary>
    private static (int[] Rows, bool Kept) Origin(int id, ITokenizer before, ITokenizer after, bool pieces)
    {
        if (before.Find(after.Token(id)) is { } same) return ([same], true);
        if (!pieces || after.IsSpecial(id)) return ([], false);
        // Behind another text, so that a space in front of the token counts.
        var front = after.Encode("a");
        var (shown, both) = (after.Decode(front), after.Decode([.. front, id]));
        var text = both.StartsWith(shown, StringComparison.Ordinal) ? both[shown.Length..] : "";
        return (text.Contains('\uFFFD', StringComparison.Ordinal) ? [] : before.Encode(text, new EncodeOptions(SpecialTokensAsText: true, Continuation: true)), false);
    }

    private static Tensor Rows(Tensor known, int tokens, List<(int[] Rows, bool Kept)> origins)
    {
        var single = known.to(ScalarType.Float32);
        var rows = single.narrow(0, 0, tokens).mean([0], keepdim: true).expand(origins.Count, -1).clone();
        void Put(IEnumerable<int> ids, Func<int, Tensor> of)
        {
            foreach (var id in ids)
            {
                using var scope = torch.NewDisposeScope();
                rows[id].copy_(of(id));
            }
        }

        int[] kept = [.. Enumerable.Range(0, origins.Count).Where(id => origins[id].Kept)];
        rows.index_copy_(0, torch.tensor([.. kept.Select(id => (long)id)]), single.index_select(0, torch.tensor([.. kept.Select(id => (long)origins[id].Rows[0])])));
        Put(Enumerable.Range(0, origins.Count).Where(id => !origins[id].Kept && origins[id].Rows.Length > 0), id => single.index_select(0, torch.tensor([.. origins[id].Rows.Select(row => (long)row)])).mean([0]));
        return rows;
    }
}
