namespace AlpacaCot.Adapters.PromptLearning;

/// <summary>
/// What makes the virtual tokens <c>[virtual tokens, width]</c>. A folder holds what it makes alone, so an encoder that was loaded is
/// <see cref="FreeRows"/>, whatever trained it.
/// </summary>
internal abstract class PromptEncoder
{
    private const string Prefix = "prompt_encoder.";
    private readonly List<AdapterParameter> _parameters = [];

    /// <summary>The trainable tensors, named as PEFT's encoder names them.</summary>
    public IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <summary>Some columns of the virtual tokens.</summary>
    public abstract Tensor Columns(long start, long count);

    /// <summary>E ~ N(0, 1), as <c>torch.nn.Embedding</c> starts.</summary>
    protected Tensor Embedding(long rows, long width, Device device, Generator? generator)
        => Add("embedding.weight", [rows, width], device, t => t.normal_(0, 1, generator), generator);

    /// <summary>A linear map: U(−1/√in, 1/√in) both, as <c>torch.nn.Linear</c> starts.</summary>
    protected Affine Linear(string name, long input, long output, Device device, Generator generator) => new(
        Uniform($"{name}.weight", [output, input], input, device, generator), Uniform($"{name}.bias", [output], input, device, generator));

    /// <summary>A parameter from U(−1/√n, 1/√n).</summary>
    protected Tensor Uniform(string name, long[] shape, long n, Device device, Generator generator)
        => Add(name, shape, device, t => t.uniform_(-1 / Math.Sqrt(n), 1 / Math.Sqrt(n), generator), generator);

    private Tensor Add(string name, long[] shape, Device device, Action<Tensor> fill, Generator? generator)
    {
        var value = AdapterInit.Parameter(shape, device, fill, generator);
        _parameters.Add(new AdapterParameter(Prefix + name, value));
        return value;
    }

    /// <summary>y = W x + b.</summary>
    protected sealed record Affine(Tensor Weight, Tensor Bias)
    {
        public Tensor Forward(Tensor x) => torch.nn.functional.linear(x, Weight, Bias);
    }
}

/// <summary>The rows themselves are trained: P = E.</summary>
internal sealed class FreeRows : PromptEncoder
{
    private readonly Tensor _rows;

    public FreeRows(long rows, long width, Device device, Generator? generator) => _rows = Embedding(rows, width, device, generator);

    /// <summary>The rows <c>[virtual tokens, width]</c>.</summary>
    public Tensor Rows => _rows;

    public override Tensor Columns(long start, long count) => start == 0 && count == _rows.size(1) ? _rows : _rows.narrow(1, start, count);
}
