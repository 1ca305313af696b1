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

    /// <summary>The environment that pins a worker to the device: <c>gpu1</c> sees only that GPU.</summary>
    public IReadOnlyDictionary<string, string> Environment
        => Device.StartsWith("gpu", StringComparison.Ordinal)
            ? new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = Device[3..].Split('.')[0] }
            : new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = "" };

    /// <inheritdoc/>
    public override string ToString() => $"{Node}/{Device}";
}
