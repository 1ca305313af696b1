using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.OwnWeights;

/// <summary>
/// Any adapter, and beside it weights of the base that the member has as its own and trains whole: modules (PEFT's <c>modules_to_save</c>) and biases
/// (<c>bias</c>). W' and b' take the place of W and b for this member's rows alone; the base stays as it is, so that others can share it. A head that is the
/// embedding in the base is a table of its own here. In a folder they have PEFT's names: the module's, or <c>base_layer.bias</c> where the adapter acts on it.
/// </summary>
internal sealed class WithOwnWeights : Adapter
{
    private readonly Adapter _method;
    private readonly Decoder _decoder;
    private readonly Dictionary<string, OwnModule> _own = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];
    private readonly HashSet<string> _targets;

    private WithOwnWeights(Adapter method, Decoder decoder, Generator? generator)
    {
        (_method, _decoder) = (method, decoder);
        var config = method.Config;
        _targets = [.. Modules(decoder).Where(module => !module.OfNorm && config is TargetedConfig targeted && TargetMatcher.Matches(targeted, module.Path)).Select(module => module.Path)];
        foreach (var module in Modules(decoder))
        {
            var whole = OwnWeightsOptions.Selects(config.Saved, module.Path);
            if (!whole && (module.Bias is null || config.Biases == TrainedBiases.None || (config.Biases == TrainedBiases.OfTargets && !_targets.Contains(module.Path)))) continue;
            if (whole && module.Path == decoder.HeadPath && decoder.Config.NormalisedHead) throw new AdapterException("modules_to_save: the head of this family is normalised and cannot be trained whole");
            Tensor Own(string name, long[] shape, Func<Tensor> value)
            {
                var copy = AdapterInit.Parameter(shape, decoder.Device, own => own.copy_(value()), generator);
                var key = $"{Root(config)}{module.Path}{(!whole && _targets.Contains(module.Path) ? ".base_layer" : "")}.{name}";
                var parameter = new AdapterParameter(key, copy);
                _parameters.Add(config.Grouped(module.OfNorm ? parameter with { Decays = false } : parameter));
                return copy;
            }
            _own.Add(module.Path, new OwnModule(
                module.Path, whole ? Own("weight", module.Shape, module.Weight) : null, module.Bias is { } b ? Own("bias", b.shape, () => b.to(torch.float32)) : null, module.Turned));
        }
        Parameters = [.. method.Parameters, .. _parameters];
        Targets = [.. decoder.Projections.Where(site => _targets.Contains(site.Path) || _own.ContainsKey(site.Path))];
    }

    /// <summary>The adapter itself where its configuration asks for no weights of the base.</summary>
    /// <param name="method">The method's adapter; disposed of where an exception is thrown.</param>
    /// <param name="decoder">The base.</param>
    /// <param name="generator">Null where the values are about to be read from a file.</param>
    /// <exception cref="AdapterException">The head cannot be trained whole.</exception>
    public static Adapter Around(Adapter method, Decoder decoder, Generator? generator)
    {
        var config = method.Config;
        if (config.Saved.Count == 0 && config.Biases == TrainedBiases.None) return method;
        try
        {
            return new WithOwnWeights(method, decoder, generator);
        }
        catch
        {
            method.Dispose();
            throw;
        }
    }

    /// <summary>The method's adapter alone.</summary>
    public Adapter Method => _method;

    public override AdapterConfig Config => _method.Config;

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override IReadOnlyList<ProjectionSite> Targets { get; }

    public override bool HasDropout => _method.HasDropout;

    public override SegmentPrefix Prefix => _method.Prefix;

    protected internal override Tensor VirtualRows() => _method.VirtualRows();

    protected internal override ExtraKeyValues Extra(int block) => _method.Extra(block);

    protected internal override bool ActsAtEmbedding => _own.ContainsKey(_decoder.EmbeddingPath) || _method.ActsAtEmbedding;

    protected internal override Tensor Embedded(Tensor ids, Tensor hidden) => _own.TryGetValue(_decoder.EmbeddingPath, out var own)
        ? Functional.Embedding(ids, own.Weight!, _decoder.Config.PaddingRow).to(hidden.dtype)
        : _method.Embedded(ids, hidden);

    protected internal override bool ActsBefore(ProjectionSite site) => _method.ActsBefore(site);

    protected internal override Tensor BeforeProjection(ProjectionSite site, Tensor x, RowDropout? dropout) => _method.BeforeProjection(site, x, dropout);

    protected internal override void BeforeProjection(ProjectionSite site, Rows x) => _method.BeforeProjection(site, x);

    protected internal override bool ActsAfter(ProjectionSite site) => _own.ContainsKey(site.Path) || _method.ActsAfter(site);

    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout)
    {
        if (_method.ActsAfter(site)) y = _method.AfterProjection(site, x, y, dropout);
        return _own.TryGetValue(site.Path, out var own) ? own.Project(x, y, site.Weights.Bias) : y;
    }

    protected internal override void AfterProjection(ProjectionSite site, Rows x, Rows y)
    {
        if (_method.ActsAfter(site)) _method.AfterProjection(site, x, y);
        if (_own.TryGetValue(site.Path, out var own)) y.Set(own.Project(x.Tensor, y.Tensor, site.Weights.Bias));
    }

    protected internal override bool ActsAfterNorm(NormSite site) => _own.ContainsKey(site.Path) || _method.ActsAfterNorm(site);

    protected internal override Tensor AfterNorm(NormSite site, Tensor x, Tensor y)
        => _own.TryGetValue(site.Path, out var own) ? own.Norm(site, x) : _method.AfterNorm(site, x, y);

    protected internal override bool ActsAfterAttention(int block) => _method.ActsAfterAttention(block);

    protected internal override Tensor AfterAttention(int block, Tensor y) => _method.AfterAttention(block, y);

    protected internal override bool ActsAfterMlp(int block) => _method.ActsAfterMlp(block);

    protected internal override Tensor AfterMlp(int block, Tensor y) => _method.AfterMlp(block, y);

    protected internal override bool ActsAtHead => _own.ContainsKey(_decoder.HeadPath) || _method.ActsAtHead;

    protected internal override Tensor Head(Tensor hidden, Func<Tensor, Tensor> logits)
    {
        if (!_own.TryGetValue(_decoder.HeadPath, out var own)) return _method.Head(hidden, logits);
        return own.Weight is null
            ? own.Project(hidden, _method.Head(hidden, logits), _decoder.Head.Bias)
            : Functional.Linear(hidden, own.Weight.to(hidden.dtype), own.Bias?.to(hidden.dtype));
    }

    public override Tensor? Penalty() => _method.Penalty();

    public override void AfterStep(int step, double gradientScale) => _method.AfterStep(step, gradientScale);

    public override void ValuesChanged() => _method.ValuesChanged();

    public override IReadOnlyList<KeyValuePair<string, Tensor>> State => _method.State;

    public override string? MergeObstacle => _method.MergeObstacle
        ?? (_own.ContainsKey(_decoder.EmbeddingPath) && _decoder.Config is { NormalisedHead: true, TieWordEmbeddings: true } ? "the head of this family is the embedding, normalised at each use" : null);

    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
    {
        var (weight, bias) = _targets.Contains(site.Path) ? _method.Merge(site) : (site.Weights.Dequantise(), site.Weights.Bias);
        return _own.TryGetValue(site.Path, out var own) ? (own.Weight is null ? weight : own.Matrix, own.Bias ?? bias) : (weight, bias);
    }

    protected internal override IEnumerable<(Tensor Base, Tensor Merged)> MergeOthers(Decoder decoder)
    {
        foreach (var other in _method.MergeOthers(decoder)) yield return other;
        if (_own.TryGetValue(decoder.EmbeddingPath, out var embedding)) yield return (decoder.Embedding, embedding.Weight!);
        foreach (var norm in decoder.Norms)
        {
            if (!_own.TryGetValue(norm.Path, out var own)) continue;
            if (own.Weight is not null) yield return (norm.Weight, own.Weight);
            if (own.Bias is not null) yield return (norm.Bias!, own.Bias);
        }
        if (!_own.TryGetValue(decoder.HeadPath, out var head)) yield break;
        if (head.Weight is not null) yield return (((DenseProjection)decoder.Head).Weight, head.Weight);
        if (head.Bias is not null) yield return (decoder.Head.Bias!, head.Bias);
    }

    protected internal override IReadOnlyList<KeyValuePair<string, Tensor>> Stored => [.. _method.Stored, .. _parameters.Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.detach()))];

    protected internal override bool IsOptional(string key) => _method.IsOptional(key);

    protected internal override IEnumerable<string> Remarks(Decoder decoder) => _method.Remarks(decoder);

    public override void Dispose()
    {
        foreach (var parameter in _parameters) parameter.Value.Dispose();
        _method.Dispose();
    }

    // With virtual tokens PEFT wraps the model itself, and its name stands in front once.
    private static string Root(AdapterConfig config) => config is PromptLearningConfig ? "base_model." : "base_model.model.";

    // In the model's order: what can be a member's own.
    private static IEnumerable<(string Path, long[] Shape, Func<Tensor> Weight, Tensor? Bias, bool OfNorm, bool Turned)> Modules(Decoder decoder)
    {
        var table = decoder.Embedding;
        yield return (decoder.EmbeddingPath, table.shape, () => table.to(torch.float32), null, false, false);
        foreach (var site in decoder.Projections)
        {
            var (weights, turned) = (site.Weights, site.Weights.StoredTurned);
            yield return (site.Path, turned ? [weights.In, weights.Out] : [weights.Out, weights.In], () => turned ? weights.Dequantise().t() : weights.Dequantise(), weights.Bias, false, turned);
        }
        foreach (var norm in decoder.Norms) yield return (norm.Path, norm.Weight.shape, () => norm.Weight.to(torch.float32), norm.Bias, true, false);
        var head = decoder.Head;
        yield return (decoder.HeadPath, [head.Out, head.In], head.Dequantise, head.Bias, false, false);
    }

    /// <summary>Refuses names of <c>modules_to_save</c> that mean nothing that can be trained.</summary>
    /// <exception cref="AdapterException">One of them does.</exception>
    public static void Check(IReadOnlyList<string> names, Decoder decoder)
    {
        if (names.Count == 0) return;
        var paths = Modules(decoder).Select(module => module.Path).ToList();
        foreach (var name in names)
            if (!paths.Any(path => OwnWeightsOptions.Selects([name], path)))
                throw new AdapterException($"modules_to_save: '{name}' is no module of this model that can be trained whole; there are {ModulePattern.NamesOf(paths)}");
        foreach (var tensor in decoder.Parameters.Keys)
            if (tensor.LastIndexOf('.') is var dot and > 0 && OwnWeightsOptions.Selects(names, tensor[..dot]) && !paths.Any(path => path == tensor[..dot] || path.EndsWith("." + tensor[..dot], StringComparison.Ordinal)))
                throw new AdapterException($"modules_to_save: {tensor[..dot]} cannot be trained whole; the embedding, norms, projections and the head can");
    }
}
