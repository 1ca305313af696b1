using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>What stays loaded between the jobs of a worker.</summary>
public sealed class WorkerStateTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public WorkerStateTests() => LibTorch.Load();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void Base_SameAgain_StaysLoaded()
    {
        var state = new WorkerState();
        Assert.Same(state.Base(new BaseModel("tiny", "fp32"), _pack.Folders), state.Base(new BaseModel("tiny", "fp32"), _pack.Folders));
    }

    [Fact]
    public void Base_AnotherPrecision_IsLoadedAnew()
    {
        var state = new WorkerState();
        foreach (var (precision, dtype) in ((string, ScalarType)[])[("fp32", ScalarType.Float32), ("bf16", ScalarType.BFloat16), ("fp32", ScalarType.Float32)])
            Assert.Equal(dtype, state.Base(new BaseModel("tiny", precision), _pack.Folders).Decoder.Dtype);
    }

    [Fact]
    public void Base_OfAWorkerWithADevice_IsLoadedThere()
    {
        // A device that every libtorch has beside the processor: it holds shapes and no numbers.
        using var decoder = new WorkerState("meta").Base(new BaseModel("tiny", "fp32"), _pack.Folders).Decoder;
        Assert.Equal(DeviceType.META, decoder.Device.type);
    }

    [Fact]
    public void Base_DeviceThatIsNotThere_SaysSo()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "there is an NVIDIA GPU here");
        var e = Assert.Throws<InvalidOperationException>(() => new WorkerState("cuda:0").Base(new BaseModel("tiny", "fp32"), _pack.Folders));
        Assert.Contains("cuda:0", e.Message, StringComparison.Ordinal);
        // The device is at fault, not the data: another slot may do it.
        Assert.Equal(FailureKind.Unknown, Failures.KindOf(e));
    }
}
