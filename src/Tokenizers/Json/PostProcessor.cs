using System.Text.Json;
using AlpacaCot.Tokenizers.Offsets;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>What is put around one text when special tokens are asked for, and whether spaces at the ends of a token belong to its offsets.</summary>
/// <param name="Before">Ids in front.</param>
/// <param name="After">Ids behind.</param>
/// <param name="Trims">How spaces are left out of offsets, one after the other.</param>
internal sealed record PostProcessor(int[] Before, int[] After, IReadOnlyList<OffsetTrim> Trims)
{
    private const string Known = "Sequence, TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing";

    public static PostProcessor None { get; } = new([], [], []);

    /// <summary>Reads a post-processor.</summary>
    /// <exception cref="UnsupportedTokenizerException">Its type is not known.</exception>
    public static PostProcessor Read(Part part) => part.Type switch
    {
        "Sequence" => part.List("processors", "post-processor").Select(Read)
            .Aggregate(None, (inner, outer) => new PostProcessor([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After], [.. inner.Trims, .. outer.Trims]).Bounded()),
        "ByteLevel" => new PostProcessor([], [], Trim(part)),
        "BertProcessing" => new PostProcessor([Pair(part, "cls")], [Pair(part, "sep")], []),
        "RobertaProcessing" => new PostProcessor([Pair(part, "cls")], [Pair(part, "sep")], Trim(part)),
        "TemplateProcessing" => Template(part),
        var other => throw new UnsupportedTokenizerException($"post-processor {other}", Known),
    };

    private static int Pair(Part part, string name)
        => part.Get(name) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 ? Id(pair[1]) : throw new TokenizerException($"tokenizer.json: {name} of the {part.Kind} is no pair of a token and its id");

    private static int Id(JsonElement id) => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number) && number >= 0
        ? number
        : throw new TokenizerException("tokenizer.json: a post-processor's id is no number from 0");

    private PostProcessor Bounded() => Before.Length + After.Length <= TokenizerLimits.MostAround
        ? this
        : throw new TokenizerException($"tokenizer.json: the post-processor puts more than {TokenizerLimits.MostAround} tokens around a text");

    private static OffsetTrim[] Trim(Part part) => part.Flag("trim_offsets", true) ? [new OffsetTrim(part.Flag("add_prefix_space", true))] : [];

    private static PostProcessor Template(Part part)
    {
        var (before, after, seen) = (new List<int>(), new List<int>(), false);
        foreach (var item in part.List("single", "template"))
        {
            if (item.Has("Sequence")) seen = true;
            else
            {
                var name = new Part(item.Get("SpecialToken"), "template").Text("id");
                var token = new Part(new Part(part.Get("special_tokens"), "template").Get(name), "template");
                (seen ? after : before).AddRange(token.Items("ids").Take(TokenizerLimits.MostAround + 1).Select(Id));
                _ = new PostProcessor([.. before], [.. after], []).Bounded();
            }
        }
        return new PostProcessor([.. before], [.. after], []);
    }
}
