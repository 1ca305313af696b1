using System.Globalization;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>Names of tensors: the block, the module within it, and what of the module.</summary>
internal static class GgufNames
{
    /// <summary>The path of the blocks in a file.</summary>
    public const string Blocks = "blk.";

    /// <summary>Cuts <c>blk.3.attn_q.weight</c> into 3, <c>attn_q</c> and <c>.weight</c>.</summary>
    /// <param name="name">The name.</param>
    /// <param name="blocks">The path of the blocks, with a dot behind it.</param>
    public static (int? Block, string Module, string End) Parts(string name, string blocks)
    {
        int? block = null;
        if (name.StartsWith(blocks, StringComparison.Ordinal) && name.IndexOf('.', blocks.Length) is var dot and > 0
            && int.TryParse(name.AsSpan(blocks.Length, dot - blocks.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            (block, name) = (number, name[(dot + 1)..]);
        var last = name.LastIndexOf('.');
        return last < 0 ? (block, name, "") : (block, name[..last], name[last..]);
    }

    /// <summary>Puts a name together.</summary>
    public static string Join(string blocks, int? block, string module, string end)
        => block is null ? module + end : string.Create(CultureInfo.InvariantCulture, $"{blocks}{block}.{module}{end}");
}
