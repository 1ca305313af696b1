using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.AdaLora;

/// <summary>
/// AdaLoRA (Zhang et al., 2023, <c>arXiv:2303.10512</c>): each targeted projection becomes
/// <code>y = W x + b + s · B (E ∘ A(dropout(x)))        A [r, in], E [r, 1], B [out, r], s = alpha / (r + 10⁻⁵), r the rank at the start</code>
/// with the loss <code>orth_reg_weight · mean over all A and B of ‖A Aᵀ − I‖ or ‖Bᵀ B − I‖ (Frobenius)</code> added, and the ranks allocated by
/// <see cref="RankAllocator"/>. A and B start from N(0, 0.02), E at zero. Merged: W' = W + s · B (E ∘ A). Saved, only the ranks that are kept.
/// </summary>
public sealed class AdaLoraAdapter : Adapter
{
    private readonly AdaLoraConfig _config;
    private readonly Dictionary<string, (Triplet Factors, int Number)> _modules = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];
    private readonly RankAllocator? _allocator;

    private AdaLoraAdapter(AdaLoraConfig config, IReadOnlyList<ProjectionSite> targets, Device device, Generator? generator)
    {
        (_config, Targets) = (config, targets);
        foreach (var site in targets)
        {
            var kept = config.KeptRanks is { } pattern ? pattern.GetValueOrDefault(site.Path) ?? throw new AdapterException($"rank_pattern lacks {site.Path}, which the adapter acts on") : null;
            long r = kept?.Count(keeps => keeps) ?? config.InitR;
            Tensor Parameter(string name, long[] shape, Action<Tensor> fill)
            {
                var value = AdapterInit.Parameter(shape, device, fill, generator);
                _parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.{name}", value));
                return value;
            }
            var a = Parameter("lora_A", [r, site.Weights.In], t => t.normal_(0, 0.02, generator));
            var b = Parameter("lora_B", [site.Weights.Out, r], t => t.normal_(0, 0.02, generator));
            var e = Parameter("lora_E", [r, 1], _ => { });
            _modules.Add(site.Path, (new Triplet(a, e, b), _modules.Count));
        }
        // An adapter that was saved pruned has its final ranks.
        if (config.KeptRanks is null) _allocator = new RankAllocator(config, [.. _modules.Values.Select(module => module.Factors)]);
    }

    /// <inheritdoc/>
    public override AdapterConfig Config => _allocator?.Kept is { } kept
        ? _config with { KeptRanks = Targets.Zip(kept).ToDictionary(pair => pair.First.Path, pair => pair.Second, StringComparer.Ordinal) }
        : _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    /// <inheritdoc/>
    public override bool HasDropout => _config.Dropout > 0;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Tensor>> State => _allocator?.State ?? [];

    /// <summary>The allocation of ranks; null where they are final.</summary>
    internal RankAllocator? Allocator => _allocator;

    internal static AdaLoraAdapter Create(Decoder decoder, AdaLoraConfig config, Generator? generator)
    {
        config.Validate("the AdaLoRA settings");
        var targets = config.TargetModules ?? TargetDefaults.Split(AdaLoraTargets.Of(decoder.ModelType), decoder.ModelType, AdaLoraOptions.Targets.Name);
        config = config with { TargetModules = TargetMatcher.Expand(targets, decoder.Projections, decoder.Parameters.Keys, shorten: true) };
        return new AdaLoraAdapter(config, TargetMatcher.Match(config, decoder), decoder.Device, generator);
    }

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _modules.TryGetValue(site.Path, out var module) && module.Factors.E.size(0) > 0;

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout)
    {
        var ((a, e, b), number) = _modules[site.Path];
        return Functional.LowRank(x, a * e, b, _config.Scaling, y, dropout?.Mask(_config.Dropout, number));
    }

    /// <inheritdoc/>
    protected internal override bool ActsInPlace => true;

    /// <inheritdoc/>
    protected internal override void AfterProjection(ProjectionSite site, Rows x, Rows y)
    {
        var ((a, e, b), _) = _modules[site.Path];
        using var scope = torch.NewDisposeScope();
        RowFunctional.LowRank(x, a * e, b, _config.Scaling, y);
    }

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
    {
        var ((a, e, b), _) = _modules[site.Path];
        return (site.Weights.Dequantise() + torch.mm(b, a * e) * _config.Scaling, site.Weights.Bias);
    }

    /// <inheritdoc/>
    public override Tensor? Penalty()
    {
        // Matrices of one shape at once: for each by itself some twenty operators on a few numbers cost more than all its products.
        var factors = _modules.Values.Where(module => module.Factors.E.size(0) > 0).SelectMany(module => new[] { module.Factors.A, module.Factors.B.t() });
        Tensor[] norms = [.. factors.GroupBy(factor => (factor.size(0), factor.size(1))).Select(group => Distances(torch.stack([.. group])))];
        return norms.Length == 0 ? null : torch.cat(norms).mean() * _config.OrthogonalWeight;
    }

    // ‖F Fᵀ − I‖ of every F [r, n].
    private static Tensor Distances(Tensor factors)
    {
        var identity = torch.eye(factors.size(1), dtype: torch.float32, device: factors.device);
        return (torch.bmm(factors, factors.transpose(1, 2)) - identity).flatten(1).norm(1, false, 2);
    }

    /// <inheritdoc/>
    public override void AfterStep(int step, double gradientScale) => _allocator?.After(step, gradientScale);

    /// <inheritdoc/>
    protected internal override IReadOnlyList<KeyValuePair<string, Tensor>> Stored
    {
        get
        {
            if (_allocator?.Kept is not { } kept) return base.Stored;
            var stored = new List<KeyValuePair<string, Tensor>>();
            for (var i = 0; i < _parameters.Count; i++)
            {
                var (key, value, ranks) = (_parameters[i].Key, _parameters[i].Value, kept[i / 3]);
                var chosen = torch.tensor(Enumerable.Range(0, ranks.Length).Where(rank => ranks[rank]).Select(rank => (long)rank).ToArray()).to(value.device);
                stored.Add(KeyValuePair.Create(key, value.detach().index_select(key.EndsWith("lora_B", StringComparison.Ordinal) ? 1 : 0, chosen)));
            }
            return stored;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _allocator?.Dispose();
        base.Dispose();
    }
}

/// <summary>Registers AdaLoRA.</summary>
internal sealed class AdaLoraMethod : IAdapterMethod
{
    public MethodDefinition Definition => AdaLoraOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => AdaLoraConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is AdaLoraConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => AdaLoraAdapter.Create(decoder, (AdaLoraConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(AdaLoraOptions.Targets.Name, AdaLoraTargets.Of(modelType))];
}
