using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Decoding;

/// <summary>Working memory of decode steps, made once: a row for each sequence of the largest batch that takes them.</summary>
internal sealed class DecodeBuffers : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    public DecodeBuffers(DecoderConfig config, ScalarType dtype)
    {
        Rows Make(int width)
        {
            var tensor = torch.empty([RowFunctional.MostRows, width], dtype).DetachFromDisposeScope();
            _tensors.Add(tensor);
            return new Rows(tensor);
        }
        (Hidden, Normed, Projected) = (Make(config.HiddenSize), Make(config.HiddenSize), Make(config.HiddenSize));
        (Query, Attended) = (Make(config.Heads * config.HeadDim), Make(config.Heads * config.HeadDim));
        (Key, Value) = (Make(config.KeyValueHeads * config.HeadDim), Make(config.KeyValueHeads * config.HeadDim));
        (Gate, Up) = (Make(config.IntermediateSize), Make(config.IntermediateSize));
        (Cos, Sin) = (new float[RowFunctional.MostRows * config.HeadDim / 2], new float[RowFunctional.MostRows * config.HeadDim / 2]);
        Caches = new CachedKeyValues[RowFunctional.MostRows];
    }

    public Rows Hidden { get; }

    public Rows Normed { get; }

    public Rows Projected { get; }

    public Rows Query { get; }

    public Rows Key { get; }

    public Rows Value { get; }

    public Rows Attended { get; }

    public Rows Gate { get; }

    public Rows Up { get; }

    public float[] Cos { get; }

    public float[] Sin { get; }

    public CachedKeyValues[] Caches { get; }

    public void Dispose() => _tensors.ForEach(tensor => tensor.Dispose());
}
