using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>Makes the parts of one block under its path; sizes come from the configuration.</summary>
/// <param name="build">Where parameters come from.</param>
/// <param name="config">The architecture.</param>
/// <param name="number">The block.</param>
/// <param name="at">Its path with a dot behind it.</param>
internal sealed class BlockBuilder(ParameterBuilder build, DecoderConfig config, int number, string at)
{
    private int Hidden => config.HiddenSize;

    private int Queries => config.Heads * config.HeadDim;

    private int Keys => config.KeyValueHeads * config.HeadDim;

    /// <summary>Number of the block.</summary>
    public int Number => number;

    /// <summary>Its attention's heads, window, scale and bias.</summary>
    public AttentionShape Shape { get; } = AttentionShape.Of(config, number);

    public RmsNorm RmsNorm(string name, bool plusOne = false) => build.RmsNorm(at + name, Hidden, config.NormEpsilon, plusOne);

    public LayerNorm LayerNorm(string name) => build.LayerNorm(at + name, Hidden, config.NormEpsilon);

    /// <summary>A norm over each head.</summary>
    public RmsNorm HeadNorm(string name) => build.RmsNorm(at + name, config.HeadDim, config.NormEpsilon);

    /// <summary>Queries, keys and values by three projections.</summary>
    public SeparateQueryKeyValue QueryKeyValue(string query, string key, string value, bool bias)
        => new(build.Site(number, at + query, Hidden, Queries, bias), build.Site(number, at + key, Hidden, Keys, bias), build.Site(number, at + value, Hidden, Keys, bias));

    /// <summary>Queries, keys and values by one projection.</summary>
    public FusedQueryKeyValue Fused(string name, FusedOrder order, bool bias) => new(build.Site(number, at + name, Hidden, Queries + 2 * Keys, bias), order);

    /// <summary>The projection behind the attention.</summary>
    public ProjectionSite AttentionOutput(string name, bool bias) => build.Site(number, at + name, Queries, Hidden, bias);

    /// <summary>Gated MLP with silu.</summary>
    public SwiGlu SwiGlu(string gate, string up, string down, bool bias) => new(Up(gate, bias), Up(up, bias), Down(down, bias));

    /// <summary>Gated MLP with the configuration's activation, without biases.</summary>
    public GatedMlp GatedMlp(string gate, string up, string down) => new(Up(gate, false), Up(up, false), config.Activation, Down(down, false));

    /// <summary>Gated MLP with gate and up in one projection.</summary>
    public FusedGatedMlp FusedGatedMlp(string gateUp, string down, bool bias) => new(build.Site(number, at + gateUp, Hidden, 2 * config.IntermediateSize, bias), Down(down, bias));

    /// <summary>MLP with the configuration's activation.</summary>
    public PlainMlp PlainMlp(string up, string down, bool bias) => new(Up(up, bias), config.Activation, Down(down, bias));

    /// <summary>A projection whose weight is stored as <c>[in, out]</c>, with a bias.</summary>
    public ProjectionSite Conv1d(string name, int input, int output) => build.Conv1dSite(number, at + name, input, output);

    private ProjectionSite Up(string name, bool bias) => build.Site(number, at + name, Hidden, config.IntermediateSize, bias);

    private ProjectionSite Down(string name, bool bias) => build.Site(number, at + name, config.IntermediateSize, Hidden, bias);
}
