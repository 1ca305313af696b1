namespace AlpacaCot.Tests;

/// <summary>Where the tests' models live: on the processor, or on the device that <c>$ALPACACOT_TEST_DEVICE</c> names (<c>cuda:0</c>).</summary>
internal static class TestDevice
{
    /// <summary>The device, or null for the processor.</summary>
    public static Device? Chosen { get; } = Environment.GetEnvironmentVariable("ALPACACOT_TEST_DEVICE") is { Length: > 0 } name ? torch.device(name) : null;

    /// <summary>A tensor there, with a gradient for the one that was given.</summary>
    public static Tensor Place(Tensor tensor) => Chosen is { } device ? tensor.to(device) : tensor;
}
