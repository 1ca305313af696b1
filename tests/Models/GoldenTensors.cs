using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Tests;

/// <summary>The tensors of a golden case and comparisons with them.</summary>
internal sealed class GoldenTensors(GoldenCase golden) : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = SafeTensors.Read(golden.File("golden.safetensors")).ToDictionary(pair => pair.Key, pair => Placed(pair.Value));

    public IEnumerable<string> Names => _tensors.Keys;

    public Tensor this[string name] => _tensors[name];

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Compares with a stored tensor, relative to its largest absolute value.</summary>
    public void AssertClose(string name, Tensor actual, double relative) => AssertClose(_tensors[name], actual, relative, name);

    public static void AssertClose(Tensor expected, Tensor actual, double relative, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        var (want, have) = (expected.ToArray<float>(), actual.ToArray<float>());
        var largest = want.Max(Math.Abs);
        var worst = want.Zip(have, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst <= relative * largest, $"{what}: differs by {worst / largest:E2} of the largest value, {relative:E1} is allowed");
    }

    // Ids and labels go where the models are; what results are compared with stays.
    private static Tensor Placed(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Int64 || TestDevice.Chosen is not { } device) return tensor;
        using (tensor) return tensor.to(device);
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
    }
}
