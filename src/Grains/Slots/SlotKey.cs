namespace AlpacaCot.Grains.Slots;

/// <summary>The key of a slot, <c>{node}/{device}</c>.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Device"><c>cpu0</c>, <c>gpu0</c>, …</param>
public readonly record struct SlotKey(string Node, string Device)
{
    /// <summary>Reads a key.</summary>
    public static bool TryParse(string? text, out SlotKey key)
    {
        var at = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        key = at > 0 && at < text!.Length - 1 ? new SlotKey(text[..at], text[(at + 1)..]) : default;
        return key.Node is not null;
    }

    /// <summary>
    /// The environment that pins a worker to the device: <c>gpu1</c> sees only that GPU. And what was not compiled before its start is compiled once, well: a slot's
    /// worker lives long, and compiling what turned out hot again cost a third of a processor second in each of them.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["CUDA_VISIBLE_DEVICES"] = IsGpu ? Device[3..].Split('.')[0] : "",
        ["DOTNET_TC_QuickJit"] = "0",
    };

    /// <summary>What a worker is told of its device. Of a GPU slot's worker the one GPU that it sees is the first, whatever its number on the machine; a processor needs no word.</summary>
    public IReadOnlyList<string> WorkerArguments => IsGpu ? ["--device", "cuda:0"] : [];

    private bool IsGpu => Device.StartsWith("gpu", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => $"{Node}/{Device}";
}
