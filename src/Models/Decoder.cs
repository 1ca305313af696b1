using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models;

/// <summary>
/// A decoder-only language model over packed tokens. Which family it is of, <see cref="Config"/> tells; what adapters do,
/// <see cref="IAdapterHooks"/> decides; nothing in it pads.
/// </summary>
public sealed class Decoder : IDisposable
{
    private readonly ParameterBuilder _owner;
    private DecoderParts _parts;
    private readonly DecodeStep? _decode;

    private Decoder(DecoderConfig config, ParameterBuilder owner, DecoderParts parts, IReadOnlyList<string> remarks)
    {
        (Config, _owner, _parts, Remarks) = (config, owner, parts, remarks);
        Storage = owner.Storage;
        _decode = DecodeStep.For(parts, config, owner.Parameters.Values, owner.Sites);
    }

    /// <summary>The architecture.</summary>
    public DecoderConfig Config { get; private set; }

    /// <summary>The family, <c>llama</c>.</summary>
    public string ModelType => Config.ModelType;

    /// <summary>Type that the residual stream is computed in: the embedding's.</summary>
    public ScalarType Dtype => _parts.Embedding.Weight.dtype;

    /// <summary>How the weights of its blocks' projections are held; those that are not plain are no <see cref="Parameters"/>.</summary>
    public WeightStorage Storage { get; }

    /// <summary>What was odd about the files that it was loaded from, though they could be used; one line each.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>Where it lives.</summary>
    public Device Device => _parts.Embedding.Weight.device;

    /// <summary>The projections in its blocks, in order: where adapters can act.</summary>
    public IReadOnlyList<ProjectionSite> Projections => _owner.Sites;

    /// <summary>
    /// All parameters by their name in the file, a tied head once. They are frozen; full fine-tuning sets <c>requires_grad</c> on those it trains.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _owner.Parameters;

    /// <summary>Weights in all, those that are held in fewer bits too.</summary>
    public long ParameterCount => Parameters.Values.Sum(parameter => parameter.numel()) + Held.Sum(weight => weight.Out * weight.In);

    /// <summary>Bytes that the weights are held in.</summary>
    public long WeightBytes => Parameters.Values.Sum(parameter => parameter.Bytes()) + Held.Sum(weight => weight.Bytes);

    private IEnumerable<QuantisedWeight> Held => _owner.Sites.Select(site => site.Weights).OfType<QuantisedProjection>().Select(projection => projection.Held);

    /// <summary>The norms, in the order of the parameters: where adapters can act.</summary>
    public IReadOnlyList<NormSite> Norms => _owner.Norms;

    /// <summary>Module path of the token embedding in the Hugging Face model, <c>model.embed_tokens</c>.</summary>
    public string EmbeddingPath => _owner.EmbeddingPath;

    /// <summary>Module path of the head, <c>lm_head</c>.</summary>
    public string HeadPath => _owner.HeadPath;

    /// <summary>The token embedding <c>[vocabulary, hidden]</c>.</summary>
    public Tensor Embedding => _parts.Embedding.Weight;

    /// <summary>The parameters that have a row for each token, by name: the embedding's, and a head's of its own.</summary>
    public IReadOnlyList<string> TokenTables => [.. Parameters.Where(parameter => ReferenceEquals(parameter.Value, Embedding) || IsHead(parameter.Key)).Select(parameter => parameter.Key)];

    /// <summary>The head <c>[vocabulary, hidden]</c>; over the embedding's weight where it is tied.</summary>
    public Projection Head => _parts.Head;

    /// <summary>A decoder with fresh weights: matrices normal(0, <c>initializer_range</c>), norms one, biases zero.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="generator">Decides the weights; the same seed gives the same ones.</param>
    /// <param name="dtype">Type of the weights; the configuration's where null.</param>
    /// <param name="device">Where they shall live; the processor where null.</param>
    /// <param name="storage">How the weights of the blocks' projections are held.</param>
    public static Decoder CreateRandom(DecoderConfig config, Generator generator, ScalarType? dtype = null, Device? device = null, WeightStorage storage = WeightStorage.Plain)
    {
        ArgumentNullException.ThrowIfNull(config);
        var type = dtype ?? config.Dtype;
        return Build(config with { Dtype = type }, new RandomSource(config.InitializerRange, generator, type, device ?? CPU), (_, _) => [], storage);
    }

    /// <summary>
    /// The hidden states of a packed batch after the final norm.
    /// </summary>
    /// <param name="ids">Token ids, int64 <c>[tokens]</c>; they are moved to the model's device.</param>
    /// <param name="layout">How the row is cut into segments; with a cache each names its sequence and its position.</param>
    /// <param name="hooks">The adapters; none where null.</param>
    /// <param name="cache">Keys and values of earlier tokens; with it no gradients are recorded.</param>
    /// <param name="rows">Ascending numbers of the ids whose hidden states are wanted, where those are not all: the last block then computes little else.</param>
    /// <returns><c>[tokens, hidden]</c>, one row per id (or per wanted one); those of virtual tokens in front of a segment are left out.</returns>
    /// <exception cref="ArgumentException">The layout does not fit the ids or the cache, or the rows do not ascend.</exception>
    public Tensor Hidden(Tensor ids, SegmentLayout layout, IAdapterHooks? hooks = null, KvCache? cache = null, IReadOnlyList<int>? rows = null)
    {
        if (cache is null) return Hidden(ids, layout, hooks, cache, rows, observe: null);
        using var _ = torch.no_grad();
        return Hidden(ids, layout, hooks, cache, rows, observe: null);
    }

    /// <summary>
    /// Logits of selected rows of hidden states.
    /// </summary>
    /// <param name="hidden">Rows of <see cref="Hidden(Tensor, SegmentLayout, IAdapterHooks?, KvCache?, IReadOnlyList{int}?)"/>'s result, <c>[rows, hidden]</c>.</param>
    /// <param name="rows">Whose rows they are: a layout over the selected rows, with the members of the segments they come from.</param>
    /// <param name="hooks">The adapters; none where null.</param>
    /// <param name="trains">Whether they are a training step's, which a base in W8A8 multiplies in bytes too; its gradient is that of the head as it is.</param>
    /// <returns><c>[rows, vocabulary]</c> in the base's type.</returns>
    public Tensor Logits(Tensor hidden, SegmentLayout rows, IAdapterHooks? hooks = null, bool trains = false)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.size(0) != rows.Tokens) throw new ArgumentException($"{hidden.size(0)} rows under a layout of {rows.Tokens}", nameof(rows));
        Func<Tensor, Tensor> head = trains && Storage == WeightStorage.W8A8 && _parts.Head is DenseProjection dense ? dense.ForwardInBytes : _parts.Head.Forward;
        var logits = (hooks ?? NoAdapters.Instance).Head(hidden, rows, head);
        return Config.LogitCap > 0 ? (logits / Config.LogitCap).tanh() * Config.LogitCap : logits;
    }

    /// <summary>Gives a head that is the embedding a weight of its own, equal at first, so that one of the two can be changed; nothing that is computed changes.</summary>
    /// <exception cref="ModelException">The family's head is made from the embedding at each use.</exception>
    public void Untie()
    {
        if (!Config.TieWordEmbeddings) return;
        if (Config.NormalisedHead) throw new ModelException($"the head of {ModelType} is normalised at each use and stays the embedding");
        using var frozen = torch.no_grad();
        _parts = _parts with { Head = _owner.Untied(_parts.Embedding, _parts.Head.Bias) };
        Config = Config.Untied();
    }

    /// <inheritdoc/>
    public void Dispose() => _owner.Dispose();

    /// <param name="config">The architecture.</param>
    /// <param name="source">Where the parameters come from.</param>
    /// <param name="finish">Given the family and the parameters once all are taken: throws where some did not fit, else says what is to be remarked.</param>
    /// <param name="storage">How the weights of the blocks' projections are held.</param>
    internal static Decoder Build(DecoderConfig config, IParameterSource source, Func<ModelFamily, IReadOnlyDictionary<string, Tensor>, IReadOnlyList<string>> finish, WeightStorage storage = WeightStorage.Plain)
    {
        var family = ModelFamilies.Of(config);
        var builder = new ParameterBuilder(source, storage);
        try
        {
            var parts = family.Build(config, builder);
            return new Decoder(config, builder, parts, finish(family, builder.Parameters));
        }
        catch
        {
            builder.Dispose();
            throw;
        }
    }

    /// <summary>As the public one; <paramref name="observe"/> sees what enters block 0 and what leaves each block, under the numbers 0 … layers.</summary>
    internal Tensor Hidden(Tensor ids, SegmentLayout layout, IAdapterHooks? hooks, KvCache? cache, IReadOnlyList<int>? rows, Action<int, Tensor>? observe)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.dim() != 1 || ids.size(0) != layout.Tokens) throw new ArgumentException($"ids [{string.Join(", ", ids.shape)}] under a layout of {layout.Tokens} tokens", nameof(ids));
        if (rows is not null) CheckRows(rows, layout.Tokens);
        cache?.Check(layout);
        hooks ??= NoAdapters.Instance;
        using var scope = torch.NewDisposeScope();
        if (ids.device_type != Device.type) ids = ids.On(Device);

        var asked = layout;
        var (embedded, grown) = VirtualTokens.InFront(hooks.Embedded(ids, _parts.Embedding.Forward(ids), layout), layout, hooks);
        layout = grown;
        cache?.Begin(layout, hooks);
        if (observe is null && rows is null && _decode is not null && DecodeStep.Suits(layout, cache)) return _decode.Run(embedded, layout, hooks, cache!).MoveToOuterDisposeScope();
        if (layout.Tokens != asked.Tokens) rows = OwnRows(asked, layout, rows);
        var step = new ForwardStep(layout, hooks, cache, _parts.Positions.Prepare(new PositionContext(layout, asked, ids, cache, embedded.device)));
        embedded = _parts.Stage.Forward(embedded, step);
        var places = Array.Empty<int>();
        var kept = rows is null ? step : step.Ends(rows, out places);
        observe?.Invoke(0, embedded);
        var h = new Residual(embedded);
        for (var i = 0; i < _parts.Blocks.Count; i++)
        {
            // A scope per block: without gradients one block's temporaries are all that is alive; with them the graph keeps what it needs.
            Residual next;
            var last = i + 1 == _parts.Blocks.Count;
            using (torch.NewDisposeScope()) next = _parts.Blocks[i].Forward(h, step, last ? kept : step).MoveToOuterDisposeScope();
            if (i > 0) h.Dispose();
            h = next;
            observe?.Invoke(i + 1, h.Sum());
        }
        cache?.Advance(layout);
        var (stream, normed) = kept.Norm(_parts.Norm, h);
        if (_parts.Norm is LayerNorm || normed.device_type == DeviceType.CUDA) normed = LayerNorm.ShowOverflow(stream, normed);
        if (_parts.Leave is { } leave) normed = kept.Project(leave, normed);
        if (rows is not null && places.Length < normed.size(0)) normed = Functional.SelectRows(normed, places);
        return normed.MoveToOuterDisposeScope();
    }

    // Some files leave the first part of the path out.
    private bool IsHead(string name)
        => name.LastIndexOf('.') is var dot and > 0 && (name[..dot] == HeadPath || HeadPath.EndsWith("." + name[..dot], StringComparison.Ordinal));

    private static void CheckRows(IReadOnlyList<int> rows, int tokens)
    {
        if (rows.Count == 0) throw new ArgumentException("no rows are wanted", nameof(rows));
        for (var i = 0; i < rows.Count; i++)
            if (rows[i] >= tokens || rows[i] <= (i == 0 ? -1 : rows[i - 1])) throw new ArgumentException($"row {rows[i]} of {tokens} tokens does not follow in order", nameof(rows));
    }

    // Virtual tokens stand in front of their segment's own, so the own ones are its last rows.
    private static int[] OwnRows(SegmentLayout asked, SegmentLayout grown, IReadOnlyList<int>? rows)
    {
        int[] own = [.. asked.Segments.Zip(grown.Segments).SelectMany(pair => Enumerable.Range(pair.Second.End - pair.First.Length, pair.First.Length))];
        return rows is null ? own : [.. rows.Select(row => own[row])];
    }
}
