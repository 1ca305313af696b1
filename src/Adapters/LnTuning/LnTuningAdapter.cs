using AlpacaCot.Models;

namespace AlpacaCot.Adapters.LnTuning;

/// <summary>
/// Layer-norm tuning (Zhao et al., 2023, <c>arXiv:2312.11420</c>): the weights (and biases) of the norms are trained, nothing else:
/// <code>y = norm(x) ⊙ g' (+ b')</code>
/// The member has copies of its own, which start as the base's.
/// </summary>
public sealed class LnTuningAdapter : Adapter
{
    private readonly LnTuningConfig _config;
    private readonly Dictionary<string, (Tensor Weight, Tensor? Bias)> _norms = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];

    private LnTuningAdapter(LnTuningConfig config) => _config = config;

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    internal static LnTuningAdapter Create(Decoder decoder, LnTuningConfig config, Generator? generator)
    {
        // All norms of blocks and the last one, but not the embedding's: PEFT's defaults for the families that it knows.
        config = config with { TargetModules = config.TargetModules ?? ModuleSelection.Of(decoder.Norms.Where(norm => !norm.Path.Contains("embed", StringComparison.Ordinal)).Select(norm => norm.Name).Distinct(StringComparer.Ordinal)) };
        var adapter = new LnTuningAdapter(config);
        Tensor Own(NormSite norm, string key, Tensor of)
        {
            var value = AdapterInit.Parameter(of.shape, decoder.Device, t => t.copy_(of.to(torch.float32)), generator);
            adapter._parameters.Add(new AdapterParameter($"base_model.model.{norm.Path}.ln_tuning_layers.{key}", value));
            return value;
        }
        foreach (var norm in decoder.Norms.Where(norm => !config.TargetModules.IsAllLinear && TargetMatcher.Matches(config, norm.Path)))
            adapter._norms.Add(norm.Path, (Own(norm, "weight", norm.Weight), norm.Bias is { } bias ? Own(norm, "bias", bias) : null));
        if (adapter._norms.Count > 0) return adapter;
        throw new AdapterException($"target_modules '{config.TargetModules}' match no norm of this model; its norms are {string.Join(", ", decoder.Norms.Select(norm => norm.Name).Distinct(StringComparer.Ordinal))}");
    }

    /// <inheritdoc/>
    protected internal override bool ActsAfterNorm(NormSite site) => _norms.ContainsKey(site.Path);

    /// <inheritdoc/>
    protected internal override Tensor AfterNorm(NormSite site, Tensor x, Tensor y)
    {
        var (weight, bias) = _norms[site.Path];
        return site.Apply(x, weight.to(x.dtype), bias?.to(x.dtype));
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<(Tensor Base, Tensor Merged)> MergeOthers(Decoder decoder)
    {
        foreach (var norm in decoder.Norms.Where(ActsAfterNorm))
        {
            var (weight, bias) = _norms[norm.Path];
            yield return (norm.Weight, weight);
            if (bias is not null) yield return (norm.Bias!, bias);
        }
    }
}
