using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Lora;

/// <summary>
/// Low-rank adaptation (Hu et al., 2021, <c>arXiv:2106.09685</c>): each targeted projection becomes
/// <code>y = W x + b + s · B(A(dropout(x)))        A [r, in], B [out, r], s = alpha / r  (rsLoRA: alpha / √r)</code>
/// with W frozen. A starts Kaiming uniform and B at zero, so that training starts from the base. Merged: W' = W + s · B A. What DoRA and PiSSA make of it
/// stands in <see cref="DoraLayer"/> and <see cref="PissaLayer"/>; the embedding and the head in <see cref="LoraEmbedding"/> and <see cref="LoraHead"/>.
/// </summary>
/// <remarks>
/// A and B are kept and trained in fp32. Over an fp32 base all is computed in fp32; over a bf16 base the two small products run in
/// bf16 with fp32 accumulation, as mixed-precision training does: four times as fast on the processor as fp32 products
/// (2.0 against 9.0 ms, forward and backward, 1,908 rows of 512, r 8, one AVX512-BF16 thread).
/// </remarks>
public sealed class LoraAdapter : Adapter
{
    // Modules whose frozen weight PEFT saves beside the update, by their names.
    private static readonly string[] _savedWhole = ["embed_tokens", "lm_head"];

    private readonly Decoder _decoder;
    private readonly LoraConfig _config;
    private readonly Dictionary<string, (LoraLayer Layer, int Number)> _layers = new(StringComparer.Ordinal);
    private readonly List<AdapterParameter> _parameters = [];
    private LoraEmbedding? _embedding;
    private LoraHead? _head;

    private LoraAdapter(Decoder decoder, LoraConfig config, IReadOnlyList<ProjectionSite> targets)
        => (_decoder, _config, Targets) = (decoder, config, targets);

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    /// <inheritdoc/>
    public override IReadOnlyList<ProjectionSite> Targets { get; }

    /// <inheritdoc/>
    public override bool HasDropout => _config.Dropout > 0;

    /// <summary>What it does at each projection.</summary>
    internal IEnumerable<LoraLayer> Layers => _layers.Values.Select(layer => layer.Layer);

    internal static LoraAdapter Create(Decoder decoder, LoraConfig config, Generator? generator)
    {
        config.Validate("the LoRA settings");
        var targets = config.TargetModules ?? TargetDefaults.Lora(decoder.ModelType);
        config = config with { TargetModules = TargetMatcher.Expand(targets, decoder.Projections, decoder.Parameters.Keys, shorten: true) };
        var (sites, embedding, head) = TargetMatcher.MatchWithTables(config, decoder);
        if (config.UseDora && (embedding || head)) throw new AdapterNotSupportedException("use_dora: the embedding and the head have no magnitudes here; target projections of the blocks");
        var adapter = new LoraAdapter(decoder, config, sites);
        if (embedding) adapter.AddEmbedding(generator);
        foreach (var site in sites) adapter.Add(site, generator);
        if (head) adapter.AddHead(generator);
        return adapter;
    }

    /// <inheritdoc/>
    protected internal override bool ActsAtEmbedding => _embedding is not null;

    /// <inheritdoc/>
    protected internal override Tensor Embedded(Tensor ids, Tensor hidden)
        => _embedding?.Forward(ids, hidden) ?? hidden;

    /// <inheritdoc/>
    protected internal override bool ActsAfter(ProjectionSite site) => _layers.ContainsKey(site.Path);

    /// <inheritdoc/>
    protected internal override Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout)
    {
        var (layer, number) = _layers[site.Path];
        return layer.Forward(x, y, dropout?.Mask(_config.Dropout, number));
    }

    /// <inheritdoc/>
    protected internal override bool ActsInPlace => Layers.All(layer => layer.ActsInPlace);

    /// <inheritdoc/>
    protected internal override void AfterProjection(ProjectionSite site, Rows x, Rows y) => _layers[site.Path].Layer.Forward(x, y);

    /// <inheritdoc/>
    protected internal override bool ActsAtHead => _head is not null;

    /// <inheritdoc/>
    protected internal override Tensor Head(Tensor hidden, Func<Tensor, Tensor> logits)
        => _head?.Forward(hidden, logits(hidden)) ?? logits(hidden);

    /// <inheritdoc/>
    public override void ValuesChanged()
    {
        foreach (var layer in Layers) layer.ValuesChanged();
    }

    /// <inheritdoc/>
    public override string? MergeObstacle => (ActsAtEmbedding || ActsAtHead) && _decoder.Config.NormalisedHead ? "the head of this family is normalised at each use, and cannot hold what is added to it" : null;

    /// <inheritdoc/>
    protected internal override IEnumerable<(Tensor Base, Tensor Merged)> MergeOthers(Decoder decoder)
    {
        if (_embedding is not null) yield return (decoder.Embedding, _embedding.Merge(decoder.Embedding));
        if (_head is not null) yield return (((DenseProjection)decoder.Head).Weight, _head.Merge(decoder.Head.Dequantise()));
    }

    /// <inheritdoc/>
    protected internal override (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site) => _layers[site.Path].Layer.Merge();

    /// <inheritdoc/>
    protected internal override IReadOnlyList<KeyValuePair<string, Tensor>> Stored
    {
        get
        {
            var stored = base.Stored.ToList();
            if (IsSavedWhole(_embedding?.Path)) stored.Add(KeyValuePair.Create($"base_model.model.{_embedding!.Path}.base_layer.weight", _decoder.Embedding.to(torch.float32).clone()));
            if (IsSavedWhole(_head?.Path)) stored.Add(KeyValuePair.Create($"base_model.model.{_head!.Path}.base_layer.weight", _decoder.Head.Dequantise()));
            return stored;
        }
    }

    /// <inheritdoc/>
    protected internal override bool IsOptional(string key) => key.EndsWith(".base_layer.weight", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var layer in Layers) layer.Dispose();
        base.Dispose();
    }

    private static bool IsSavedWhole(string? path) => path is not null && _savedWhole.Any(name => ModuleSelection.Of(name).Selects(path));

    private void Add(ProjectionSite site, Generator? generator)
    {
        var (r, _, scaling) = _config.At(site.Path);
        var (a, b) = (Drawn([r, site.Weights.In], t => InitA(t, r, generator), generator), Drawn([site.Weights.Out, r], t => InitB(t, generator), generator));
        LoraLayer layer = _config switch
        {
            { UseDora: true } => new DoraLayer(site, a, b, scaling, Drawn([site.Weights.Out], _ => { }, generator)),
            { Init: LoraInit.Pissa } => PissaLayer.Create(site, a, b, scaling, _config.PissaIterations, generator is not null),
            _ => new LoraLayer(site, a, b, scaling),
        };
        if (generator is not null) (layer as DoraLayer)?.Start();
        _layers.Add(site.Path, (layer, _layers.Count));
        foreach (var (key, value) in layer.Parameters) Add($"{site.Path}.{key}", value);
    }

    private void AddEmbedding(Generator? generator)
    {
        var (path, (r, _, scaling)) = (_decoder.EmbeddingPath, _config.At(_decoder.EmbeddingPath));
        var (vocabulary, width) = (_decoder.Embedding.size(0), _decoder.Embedding.size(1));
        // As PEFT starts them: A at zero and B drawn, the other way round than elsewhere.
        _embedding = new LoraEmbedding(path, Drawn([r, vocabulary], _ => { }, generator), Drawn([width, r], t => t.normal_(0, 1, generator), generator), scaling, _decoder.Config.PaddingRow);
        Add($"{path}.lora_embedding_A", _embedding.A);
        Add($"{path}.lora_embedding_B", _embedding.B);
    }

    private void AddHead(Generator? generator)
    {
        var (path, head, (r, _, scaling)) = (_decoder.HeadPath, _decoder.Head, _config.At(_decoder.HeadPath));
        _head = new LoraHead(path, Drawn([r, head.In], t => InitA(t, r, generator), generator), Drawn([head.Out, r], t => InitB(t, generator), generator), scaling);
        Add($"{path}.lora_A.weight", _head.A);
        Add($"{path}.lora_B.weight", _head.B);
    }

    private void Add(string key, Tensor value) => _parameters.Add(_config.Grouped(new AdapterParameter("base_model.model." + key, value)));

    private Tensor Drawn(long[] shape, Action<Tensor> fill, Generator? generator) => AdapterInit.Parameter(shape, _decoder.Device, fill, generator);

    private void InitA(Tensor a, int r, Generator? generator)
    {
        if (_config.Init == LoraInit.Gaussian) a.normal_(0, 1.0 / r, generator);
        else AdapterInit.KaimingUniform(a, generator);
    }

    private void InitB(Tensor b, Generator? generator)
    {
        if (_config.Init == LoraInit.Random) AdapterInit.KaimingUniform(b, generator);
    }
}
