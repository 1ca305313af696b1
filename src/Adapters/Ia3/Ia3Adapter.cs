using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Ia3;

/// <summary>
/// IA3 (Liu et al., 2022, <c>arXiv:2205.05638</c>): one learned vector l per targeted projection scales its output, or the input of
/// a feed-forward one:
/// <code>y = l ⊙ (W x + b)        feed-forward: y = W (l ⊙ x) + b</code>
/// l starts at one. Merged: rows of W and b are scaled, or columns of W.
/// </summary>
public sealed class Ia3Adapter : Adapter
{
    private readonly Ia3Config _config;
    private readonly Dictionary<string, (Tensor L, bool FeedForward)> _modules = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];

    private Ia3Adapter(Ia3Config config, IReadOnlyList<ProjectionSite> targets)
    {
        _config = config;
        Targets = targets;
    }

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    internal static Ia3Adapter Create(Decoder decoder, Ia3Config config, Generator? generator)
    {
        config.Validate("the IA3 settings");
        var targets = config.TargetModules ?? TargetDefaults.Ia3(decoder.ModelType);
        config = config with
        {
            TargetModules = TargetMatcher.Expand(targets, decoder.Projections, decoder.Parameters.Keys, shorten: false),
            FeedforwardModules = config.FeedforwardModules ?? TargetDefaults.FeedForward(decoder.ModelType),
        };
        var adapter = new Ia3Adapter(config, TargetMatcher.Match(config, decoder));
        foreach (var site in adapter.Targets)
        {
            var feedForward = config.FeedforwardModules.SelectsLoosely(site.Path);
            long[] shape = feedForward ? [1, site.Weights.In] : [site.Weights.Out, 1];
            var l = AdapterInit.Parameter(shape, decoder.Device, t => Init(t, config.InitOnes, generator), generator);
            adapter._modules.Add(site.Path, (l, feedForward));
            adapter._parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.ia3_l", l));
        }
        return adapter;
    }

    /// <inheritdoc/>
    protected internal override bool ActsBefore(ProjectionSite site) => _modules.TryGetValue(site.Path, out var m) && m.FeedForward;

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _modules.TryGetValue(site.Path, out var m) && !m.FeedForward;

    /// <inheritdoc/>
    protected internal override Tensor BeforeProjection(ProjectionSite site, Tensor x, RowDropout? dropout) => Scale(site, x);

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout) => Scale(site, y);

    /// <inheritdoc/>
    protected internal override bool ActsInPlace => true;

    /// <inheritdoc/>
    protected internal override void BeforeProjection(ProjectionSite site, Rows x) => RowFunctional.Scale(x, _modules[site.Path].L);

    /// <inheritdoc/>
    protected internal override void AfterProjection(ProjectionSite site, Rows x, Rows y) => RowFunctional.Scale(y, _modules[site.Path].L);

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
    {
        var (l, feedForward) = _modules[site.Path]; // [1, in] scales columns, [out, 1] scales rows: one product serves both
        var bias = site.Weights.Bias;
        return (site.Weights.Dequantise() * l, feedForward || bias is null ? bias : bias.to(torch.float32) * l.view(-1));
    }

    // In fp32 whatever the base's type: bf16 would round l, which stays near one, to eight bits.
    private Tensor Scale(ProjectionSite site, Tensor rows) => Functional.ScaleRows(rows, _modules[site.Path].L.view(-1));

    private static void Init(Tensor l, bool ones, Generator? generator)
    {
        if (ones) l.fill_(1.0);
        else l.normal_(0, 1, generator);
    }
}
