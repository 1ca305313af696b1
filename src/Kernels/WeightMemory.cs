namespace AlpacaCot.Kernels;

/// <summary>Where a weight lies on the processor.</summary>
public readonly unsafe record struct WeightMemory(nint Address, long Bytes)
{
    /// <summary>Of a tensor that is contiguous.</summary>
    public static WeightMemory Of(Tensor weight) => new((nint)weight.Pointer(), weight.Bytes());
}
