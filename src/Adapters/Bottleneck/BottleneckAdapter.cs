using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Bottleneck;

/// <summary>
/// Bottleneck adapters (Houlsby et al. 2019, Pfeiffer et al. 2020, He et al. 2022; as in LLM-Adapters, <c>arXiv:2304.01933</c>): with
/// <code>f(x) = s · up(act(down(dropout(x))))        down [size, width], up [width, size]</code>
/// a sequential one stands before the projections into the MLP, <c>y = W (x + f(x)) + b</c>, and behind the one out of it,
/// <c>y = z + f(z), z = W x + b</c>; a parallel one beside its projection, <c>y = W x + b + f(x)</c>.
/// </summary>
public sealed class BottleneckAdapter : Adapter
{
    private readonly BottleneckConfig _config;
    private readonly Dictionary<string, Module> _modules = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];

    private sealed record Module(Tensor Down, Tensor Up, Tensor? Scaling, bool Before, int Number);

    private BottleneckAdapter(BottleneckConfig config, IReadOnlyList<ProjectionSite> targets) => (_config, Targets) = (config, targets);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    /// <inheritdoc/>
    public override bool HasDropout => _config.Dropout > 0;

    /// <inheritdoc/>
    public override string MergeObstacle => "it has a function inside, which no matrix can hold; use the adapter beside the base";

    internal static BottleneckAdapter Create(Decoder decoder, BottleneckConfig config, Generator? generator)
    {
        var targets = config.TargetModules ?? TargetDefaults.Split(BottleneckTargets.Of(decoder.ModelType, config.Parallel, config.AdapterP), decoder.ModelType, BottleneckOptions.Targets.Name);
        config = config with { TargetModules = TargetMatcher.Expand(targets, decoder.Projections, decoder.Parameters.Keys, shorten: false) };
        var adapter = new BottleneckAdapter(config, TargetMatcher.Match(config, decoder));
        foreach (var site in adapter.Targets) adapter.Add(site, decoder.Device, generator);
        return adapter;
    }

    private void Add(ProjectionSite site, Device device, Generator? generator)
    {
        var before = !_config.Parallel && (BottleneckOptions.Stands(site.Path)
            ?? throw new AdapterException($"a sequential adapter stands before or behind the MLP's projections, and {site.Name} is none of them; name other target_modules, or use the parallel adapter"));
        var (input, output) = _config.Parallel ? (site.Weights.In, site.Weights.Out) : before ? (site.Weights.In, site.Weights.In) : (site.Weights.Out, site.Weights.Out);
        Tensor Parameter(string name, long[] shape, Action<Tensor> fill)
        {
            var value = AdapterInit.Parameter(shape, device, fill, generator);
            _parameters.Add(new AdapterParameter($"base_model.model.{site.Path}.{name}", value));
            return value;
        }
        var scaling = _config.Scaling is null ? Parameter("adapter_scaling", [1], t => t.fill_(1.0)) : null;
        var down = Parameter("adapter_down.weight", [_config.Size, input], t =>
        {
            if (_config.InitBert) t.normal_(0, 0.02, generator);
            else AdapterInit.KaimingUniform(t, generator);
        });
        var up = Parameter("adapter_up.weight", [output, _config.Size], t =>
        {
            if (_config.InitBert) t.normal_(0, 0.02, generator);
        });
        _modules.Add(site.Path, new Module(down, up, scaling, before, _modules.Count));
    }

    /// <inheritdoc/>
    protected internal override bool ActsBefore(ProjectionSite site) => _modules.TryGetValue(site.Path, out var module) && module.Before;

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _modules.TryGetValue(site.Path, out var module) && !module.Before;

    /// <inheritdoc/>
    protected internal override Tensor BeforeProjection(ProjectionSite site, Tensor x, RowDropout? dropout) => Add(_modules[site.Path], x, x, dropout);

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout) => Add(_modules[site.Path], _config.Parallel ? x : y, y, dropout);

    // y + f(x), in fp32 whatever the base's type, as LLM-Adapters computes it.
    private Tensor Add(Module module, Tensor x, Tensor y, RowDropout? dropout)
    {
        var (mask, up, scaling) = (dropout?.Mask(_config.Dropout, module.Number), module.Up, _config.Scaling ?? 1);
        if (module.Scaling is { } learned) up = up * learned; // the same product, on fewer numbers
        if (Function is { } function) return Functional.Bottleneck(x, module.Down, up, scaling, y, function, mask);
        var input = x.to(torch.float32);
        var down = torch.mm(mask?.Apply(input) ?? input, module.Down.t());
        return y + (torch.mm(torch.nn.functional.gelu(down), up.t()) * scaling).to(y.dtype);
    }

    /// <inheritdoc/>
    protected internal override bool ActsInPlace => Function is not null;

    /// <inheritdoc/>
    protected internal override void BeforeProjection(ProjectionSite site, Rows x)
    {
        if (!Add(_modules[site.Path], x, x)) base.BeforeProjection(site, x);
    }

    /// <inheritdoc/>
    protected internal override void AfterProjection(ProjectionSite site, Rows x, Rows y)
    {
        if (!Add(_modules[site.Path], _config.Parallel ? x : y, y)) base.AfterProjection(site, x, y);
    }

    private bool Add(Module module, Rows x, Rows y)
    {
        if (Function is not { } function) return false;
        RowFunctional.Bottleneck(x, module.Down, module.Up, _config.Scaling ?? module.Scaling!.item<float>(), y, function);
        return true;
    }

    // Null for GELU, which has no kernel.
    private MiddleFunction? Function => _config.Activation switch
    {
        "relu" => MiddleFunction.Relu,
        "silu" => MiddleFunction.Silu,
        "tanh" => MiddleFunction.Tanh,
        _ => null,
    };
}
