using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Vera;

/// <summary>
/// VeRA (Kopiczko et al., 2024, <c>arXiv:2310.11454</c>): two random matrices, frozen and shared by all layers, between two learned vectors of each layer:
/// <code>y = W x + b + λ_b ⊙ B(λ_d ⊙ A dropout(x))        A [r, widest in], B [widest out, r], cut to each layer's widths        λ_d [r], λ_b [out]</code>
/// λ_b starts at zero, so that training starts from the base, and λ_d at <c>d_initial</c>. Merged: W' = W + diag(λ_b) B diag(λ_d) A.
/// </summary>
public sealed class VeraAdapter : Adapter
{
    private readonly VeraConfig _config;
    private readonly Dictionary<string, (Tensor LambdaB, Tensor LambdaD, int Number)> _modules = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];
    private readonly Tensor _a, _b;

    private VeraAdapter(VeraConfig config, IReadOnlyList<ProjectionSite> targets, Tensor a, Tensor b) => (_config, Targets, _a, _b) = (config, targets, a, b);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    /// <inheritdoc/>
    public override bool HasDropout => _config.Dropout > 0;

    internal static VeraAdapter Create(Decoder decoder, VeraConfig config, Generator? generator)
    {
        config = config with { TargetModules = TargetMatcher.Expand(config.TargetModules ?? TargetDefaults.Lora(decoder.ModelType), decoder.Projections, decoder.Parameters.Keys, shorten: true) };
        var targets = TargetMatcher.Match(config, decoder);
        var (a, b) = Shared(config, targets.Max(site => site.Weights.In), targets.Max(site => site.Weights.Out), decoder.Device);
        var adapter = new VeraAdapter(config, targets, a, b);
        foreach (var site in targets)
        {
            var lambdaB = AdapterInit.Parameter([site.Weights.Out], decoder.Device, t => { if (!config.InitWeights) t.normal_(0, 1, generator); }, generator);
            var lambdaD = AdapterInit.Parameter([config.R], decoder.Device, t => t.fill_(config.DInitial), generator);
            adapter._modules.Add(site.Path, (lambdaB, lambdaD, adapter._modules.Count));
            adapter._parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.vera_lambda_b", lambdaB));
            adapter._parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.vera_lambda_d", lambdaD));
        }
        return adapter;
    }

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _modules.ContainsKey(site.Path);

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout)
    {
        var (lambdaB, lambdaD, number) = _modules[site.Path];
        if (dropout?.Mask(_config.Dropout, number) is { } mask) x = mask.Apply(x);
        var down = Functional.ScaleRows(Functional.Matmul(x, A(site).to(x.dtype).t()), lambdaD);
        return y + Functional.ScaleRows(Functional.Matmul(down, B(site).to(x.dtype).t()), lambdaB);
    }

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
    {
        var (lambdaB, lambdaD, _) = _modules[site.Path];
        return (site.Weights.Dequantise() + torch.mm(lambdaB.unsqueeze(1) * B(site), lambdaD.unsqueeze(1) * A(site)), site.Weights.Bias);
    }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<KeyValuePair<string, Tensor>> Stored
        => [.. base.Stored, .. _config.SaveProjection ? [KeyValuePair.Create("base_model.vera_A", _a), KeyValuePair.Create("base_model.vera_B", _b)] : Array.Empty<KeyValuePair<string, Tensor>>()];

    /// <inheritdoc/>
    public override void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        base.Dispose();
    }

    private Tensor A(ProjectionSite site) => _a.narrow(1, 0, site.Weights.In);

    private Tensor B(ProjectionSite site) => _b.narrow(0, 0, site.Weights.Out);

    // Kaiming uniform by a generator of its own, in PEFT's order: a file without them means the same numbers.
    private static (Tensor A, Tensor B) Shared(VeraConfig config, int widestIn, int widestOut, Device device)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        using var generator = new Generator(unchecked((ulong)config.Key));
        Tensor Drawn(long rows, long columns)
        {
            var bound = Math.Sqrt(6.0 / columns);
            return torch.empty([rows, columns]).uniform_(-bound, bound, generator).to(device).DetachFromDisposeScope();
        }
        var a = Drawn(config.R, widestIn);
        return (a, Drawn(widestOut, config.R));
    }
}
