using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Loha;

/// <summary>
/// LoHa, a low-rank Hadamard product (Hyeon-Woo et al., 2022, <c>arXiv:2108.06098</c>): the update is the element-wise product of two low-rank matrices, whose rank
/// may reach r² with the parameters of two LoRAs:
/// <code>ΔW = s · (w1_a w1_b) ⊙ (w2_a w2_b)        y = W x + b + ΔW x        w*_a [out, r], w*_b [r, in], s = alpha / r</code>
/// w2_a starts at zero, so that training starts from the base. Merged: W' = W + ΔW.
/// </summary>
public sealed class LohaAdapter : Adapter
{
    private readonly LohaConfig _config;
    private readonly Dictionary<string, (Tensor A1, Tensor B1, Tensor A2, Tensor B2, double Scaling)> _modules = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];

    private LohaAdapter(LohaConfig config, IReadOnlyList<ProjectionSite> targets) => (_config, Targets) = (config, targets);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    internal static LohaAdapter Create(Decoder decoder, LohaConfig config, Generator? generator)
    {
        config = config with { TargetModules = TargetMatcher.Expand(config.TargetModules ?? TargetDefaults.Lora(decoder.ModelType), decoder.Projections, decoder.Parameters.Keys, shorten: true) };
        var adapter = new LohaAdapter(config, TargetMatcher.Match(config, decoder));
        foreach (var site in adapter.Targets)
        {
            var (r, scaling) = config.At(site.Path);
            Tensor Drawn(string name, long[] shape, double deviation)
            {
                var value = AdapterInit.Parameter(shape, decoder.Device, t => { if (deviation > 0 || !config.InitWeights) t.normal_(0, deviation > 0 ? deviation : 0.1, generator); }, generator);
                adapter._parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.hada_{name}", value));
                return value;
            }
            // As the method's authors start them.
            adapter._modules.Add(site.Path, (
                Drawn("w1_a", [site.Weights.Out, r], 0.1), Drawn("w1_b", [r, site.Weights.In], 1), Drawn("w2_a", [site.Weights.Out, r], 0), Drawn("w2_b", [r, site.Weights.In], 1), scaling));
        }
        return adapter;
    }

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _modules.ContainsKey(site.Path);

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout) => Functional.AddMatmul(y, x, Delta(site).to(x.dtype).t());

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site) => (site.Weights.Dequantise() + Delta(site), site.Weights.Bias);

    private Tensor Delta(ProjectionSite site)
    {
        var (a1, b1, a2, b2, scaling) = _modules[site.Path];
        return torch.mm(a1, b1) * torch.mm(a2, b2) * scaling;
    }
}
