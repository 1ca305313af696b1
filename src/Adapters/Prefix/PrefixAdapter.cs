using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Prefix;

/// <summary>
/// Prefix tuning (Li and Liang, 2021, <c>arXiv:2101.00190</c>): v learned keys and values in front of every sequence in every block,
/// <code>K = [P_K; W_K x]        V = [P_V; W_V x]        P [v, layers · 2 · kv_heads · head_dim]</code>
/// P's columns are, block by block, the keys and then the values. Keys are not rotated; the tokens begin at position v. P is trained itself, or with a
/// projection made as <c>P = W₂ tanh(W₁ E + b₁) + b₂</c>.
/// </summary>
public sealed class PrefixAdapter : PromptAdapter
{
    private readonly PrefixConfig _config;
    private readonly int _heads;
    private readonly int _width;

    private PrefixAdapter(PrefixConfig config, PromptEncoder encoder, int heads)
        : base(encoder) => (_config, _heads, _width) = (config, heads, config.TokenDim!.Value);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override SegmentPrefix Prefix => new(Keys: _config.VirtualTokens);

    /// <inheritdoc/>
    protected override long Width => 2L * _config.Layers!.Value * _width;

    internal static PrefixAdapter Create(Decoder decoder, PrefixConfig config, AdapterStart start)
    {
        var (heads, width) = (decoder.Config.KeyValueHeads, decoder.Config.KeyValueHeads * decoder.Config.HeadDim);
        config = PromptLearningConfig.ForModel(config, decoder, width, heads);
        config = config with { EncoderHidden = config.EncoderHidden ?? width };
        var columns = 2L * decoder.Config.Layers * width;
        PromptEncoder encoder = config.Projection && start.Generator is { } generator
            ? new Projected(config.VirtualTokens, width, config.EncoderHidden.Value, columns, decoder.Device, generator, config.InitZero)
            : new FreeRows(config.VirtualTokens, columns, decoder.Device, start.Generator);
        if (config.InitZero && encoder is FreeRows free)
            using (torch.no_grad()) free.Rows.zero_();
        return new PrefixAdapter(config, encoder, heads);
    }

    /// <inheritdoc/>
    protected internal override ExtraKeyValues Extra(int block)
    {
        var both = Columns(2L * block * _width, 2 * _width).view(_config.VirtualTokens, 2, _heads, _width / _heads);
        return new ExtraKeyValues(both.select(1, 0), both.select(1, 1));
    }

    /// <summary>P = W₂ tanh(W₁ E + b₁) + b₂; of a block's columns only its rows of W₂ are computed.</summary>
    private sealed class Projected : PromptEncoder
    {
        private readonly Tensor _embedding;
        private readonly Affine _first, _second;

        public Projected(long rows, long width, long hidden, long columns, Device device, Generator generator, bool zero)
        {
            _embedding = Embedding(rows, width, device, generator);
            _first = Linear("transform.0", width, hidden, device, generator);
            _second = Linear("transform.2", hidden, columns, device, generator);
            if (!zero) return;
            using var _ = torch.no_grad();
            _second.Weight.zero_();
            _second.Bias.zero_();
        }

        public override Tensor Columns(long start, long count)
            => torch.nn.functional.linear(_first.Forward(_embedding).tanh(), _second.Weight.narrow(0, start, count), _second.Bias.narrow(0, start, count));
    }
}

/// <summary>Registers prefix tuning.</summary>
internal sealed class PrefixMethod : IAdapterMethod
{
    public MethodDefinition Definition => PrefixOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => PrefixConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is PrefixConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => PrefixAdapter.Create(decoder, (PrefixConfig)config, start);
}
