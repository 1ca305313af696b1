using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Oft;

/// <summary>
/// Orthogonal fine-tuning (Qiu et al., 2023, <c>arXiv:2306.07280</c>): the input of a projection is turned, block by block, by an orthogonal matrix:
/// <code>y = W (x R) + b        R = (I − Q)(I + Q)⁻¹ for each block of k inputs        Q = U − Uᵀ, U the upper triangle that is trained: k (k − 1) / 2 values</code>
/// With <c>use_cayley_neumann</c> a series takes the inverse's place: R = I + 2Q + 2Q² + … + 2Qᵗ⁻² + Qᵗ⁻¹ of t terms, as PEFT has it (its Q has the other sign, its three terms are four).
/// U starts at zero, so that training starts from the base. Merged: W' = W Rᵀ.
/// </summary>
public sealed class OftAdapter : Adapter
{
    private readonly OftConfig _config;
    private readonly Dictionary<string, (Tensor Triangle, int Block)> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _turned = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];

    private OftAdapter(OftConfig config, IReadOnlyList<ProjectionSite> targets) => (_config, Targets) = (config, targets);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    internal static OftAdapter Create(Decoder decoder, OftConfig config, Generator? generator)
    {
        config = config with { TargetModules = TargetMatcher.Expand(config.TargetModules ?? TargetDefaults.Lora(decoder.ModelType), decoder.Projections, decoder.Parameters.Keys, shorten: true) };
        var adapter = new OftAdapter(config, TargetMatcher.Match(config, decoder));
        foreach (var site in adapter.Targets)
        {
            var block = OftOptions.BlockOf(site.Weights.In, config.R, config.BlockSize);
            var triangle = AdapterInit.Parameter([site.Weights.In / block, block * (block - 1) / 2], decoder.Device, t => { if (!config.InitWeights) t.normal_(0, 0.1, generator); }, generator);
            adapter._modules.Add(site.Path, (triangle, block));
            adapter._parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.oft_R.weight", triangle));
        }
        return adapter;
    }

    /// <inheritdoc/>
    protected internal override bool ActsBefore(ProjectionSite site) => _modules.ContainsKey(site.Path);

    /// <inheritdoc/>
    protected internal override Tensor BeforeProjection(ProjectionSite site, Tensor x, RowDropout? dropout)
        => Turn(x, (torch.is_grad_enabled() ? Rotation(site) : Kept(site)).to(x.dtype));

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
        => (Turn(site.Weights.Dequantise(), Rotation(site).transpose(1, 2)), site.Weights.Bias);

    /// <inheritdoc/>
    public override void ValuesChanged()
    {
        foreach (var rotation in _turned.Values) rotation.Dispose();
        _turned.Clear();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        ValuesChanged();
        base.Dispose();
    }

    // Rows [rows, in] times the blocks [blocks, k, k].
    private static Tensor Turn(Tensor rows, Tensor rotation)
    {
        var (blocks, k) = (rotation.size(0), rotation.size(1));
        return Functional.Matmul(rows.view(-1, blocks, k).transpose(0, 1), rotation).transpose(0, 1).reshape(-1, blocks * k);
    }

    // Without gradients the rotations are computed once for the values that there are.
    private Tensor Kept(ProjectionSite site)
    {
        if (!_turned.TryGetValue(site.Path, out var rotation)) _turned[site.Path] = rotation = Rotation(site).DetachFromDisposeScope();
        return rotation;
    }

    private Tensor Rotation(ProjectionSite site)
    {
        var (triangle, k) = _modules[site.Path];
        var upper = torch.triu_indices(k, k, 1, device: triangle.device);
        var places = upper[0] * k + upper[1];
        var whole = torch.zeros([triangle.size(0), (long)k * k], device: triangle.device).index_copy(1, places, triangle).view(-1, k, k);
        var q = whole - whole.transpose(1, 2);
        var identity = torch.eye(k, device: triangle.device).unsqueeze(0).expand(q.shape);
        return _config.UseSeries ? Series(identity, q, _config.Terms) : Inverse(identity, q);
    }

    // (I − Q)(I + Q)⁻¹ = ((I − Q)⁻¹ (I + Q))ᵀ for a skew-symmetric Q.
    private static Tensor Inverse(Tensor identity, Tensor q) => torch.linalg.solve(identity - q, identity + q).transpose(1, 2);

    private static Tensor Series(Tensor identity, Tensor q, int terms)
    {
        var sum = identity;
        var power = identity;
        if (terms == 3) terms = 4;
        for (var i = 1; i < terms; i++)
        {
            power = torch.bmm(power, q);
            sum = sum + power * (i + 1 == terms && terms > 2 ? 1 : 2);
        }
        return sum;
    }
}
