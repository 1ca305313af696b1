using System.Globalization;

namespace AlpacaCot.Torch;

/// <summary>Kinds of devices; the numbers are libtorch's.</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    CPU = 0,

    /// <summary>An NVIDIA GPU.</summary>
    CUDA = 1,
}

/// <summary>A device: <c>cpu</c> or <c>cuda:0</c>.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Index">Which one; -1 is the current one.</param>
public readonly record struct Device(DeviceType Type, int Index = -1)
{
    /// <summary>The processor.</summary>
    public static Device CPU => new(DeviceType.CPU);

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    /// <exception cref="TorchException">The text names no device.</exception>
    public static Device Parse(string text)
    {
        if (text == "cpu") return CPU;
        if (text == "cuda") return new Device(DeviceType.CUDA, 0);
        if (text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return new Device(DeviceType.CUDA, index);
        throw new TorchException($"'{text}' is no device: write cpu, cuda or cuda:N");
    }

    /// <inheritdoc/>
    public override string ToString() => Type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(Index, 0)}";
}
