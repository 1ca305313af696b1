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
            .Aggregate(None, (inner, outer) => new PostProcessor([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After], [.. inner.Trims, .. outer.Trims])),
        "ByteLevel" => new PostProcessor([], [], Trim(part)),
        "BertProcessing" => new PostProcessor([Pair(part, "cls")], [Pair(part, "sep")], []),
        "RobertaProcessing" => new PostProcessor([Pair(part, "cls")], [Pair(part, "sep")], Trim(part)),
        "TemplateProcessing" => Template(part),
        var other => throw new UnsupportedTokenizerException($"post-processor {other}", Known),
    };

    private static int Pair(Part part, string name) => part.Get(name)[1].GetInt32();

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
                (seen ? after : before).AddRange(token.Get("ids").EnumerateArray().Select(id => id.GetInt32()));
            }
        }
        return new PostProcessor([.. before], [.. after], []);
    }
}
