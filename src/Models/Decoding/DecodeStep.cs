using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Families;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Decoding;

/// <summary>
/// One more token for each of a few sequences: the same blocks as in a forward pass, computed in place on preallocated rows, because at a few rows
/// the operators' own costs are a good part of the time. <see cref="DecoderBlock.Forward"/> is the definition; a test holds both together.
/// </summary>
internal sealed class DecodeStep
{
    private readonly DecoderConfig _config;
    private readonly Layer[] _layers;
    private readonly RmsNorm _norm;
    private readonly Rotary _positions;
    private readonly ScalarType _dtype;

    private DecodeStep(DecoderConfig config, Layer[] layers, RmsNorm norm, Rotary positions, ScalarType dtype)
        => (_config, _layers, _norm, _positions, _dtype) = (config, layers, norm, positions, dtype);

    /// <summary>The parts of a block that this step knows how to compute.</summary>
    private sealed record Layer(RmsNorm AttentionNorm, SeparateQueryKeyValue Inputs, ProjectionSite Output, int Window, RmsNorm MlpNorm, SwiGlu Mlp)
    {
        public ProjectionSite[] Sites { get; } = [Inputs.Query, Inputs.Key, Inputs.Value, Output, Mlp.Gate, Mlp.Up, Mlp.Down];

        public static Layer? Of(DecoderBlock block) => block is PreNormBlock
        {
            AttentionNorm: RmsNorm { PlusOne: false } attentionNorm, MlpNorm: RmsNorm { PlusOne: false } mlpNorm, AfterAttention: null, AfterMlp: null, Mlp: SwiGlu mlp,
            Attention: { Inputs: SeparateQueryKeyValue inputs, QueryNorm: null, KeyNorm: null, Shape.Options: { Scale: null, Alibi: null, Cap: 0 } options } attention,
        } ? new Layer(attentionNorm, inputs, attention.Output, options.Window, mlpNorm, mlp) : null;
    }

    /// <summary>The decode step of a decoder, or null where it has parts that only the forward pass knows.</summary>
    public static DecodeStep? For(DecoderParts parts, DecoderConfig config, IEnumerable<Tensor> parameters, IEnumerable<ProjectionSite> sites)
    {
        var type = parts.Embedding.Weight.dtype;
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16) || parts.Positions is not Rotary { Pairs: false } positions) return null;
        if (!parts.Stage.IsEmpty || parts.Leave is not null || parts.Norm is not RmsNorm { PlusOne: false } norm) return null;
        var layers = parts.Blocks.Select(Layer.Of).OfType<Layer>().ToArray();
        if (layers.Length < parts.Blocks.Count) return null;
        var plain = parameters.All(p => p.dtype == type && p.device_type == DeviceType.CPU && p.is_contiguous()) && sites.All(site => site.Weights is DenseProjection or QuantisedProjection);
        return plain ? new DecodeStep(config, layers, norm, positions, type) : null;
    }

    /// <summary>Whether every segment is one token of a sequence in the cache, and they are few.</summary>
    public static bool Suits(SegmentLayout layout, KvCache? cache)
        => cache is not null && layout.Tokens == layout.Segments.Count && layout.Tokens <= RowFunctional.MostRows;

    /// <summary>Embedded tokens <c>[rows, hidden]</c> to hidden states after the final norm, of the same shape.</summary>
    public Tensor Run(Tensor embedded, SegmentLayout layout, IAdapterHooks hooks, KvCache cache)
    {
        var step = new Step(this, layout, hooks, cache);
        step.Hidden.Set(embedded);
        if (step.IsInPlace) Threads.Together(Blocks);
        else Blocks();
        cache.Advance(layout);
        var result = torch.empty([layout.Tokens, _config.HiddenSize], _dtype);
        step.Norm(_norm, new Rows(result));
        return result;

        void Blocks()
        {
            for (var i = 0; i < _layers.Length; i++) step.Block(i, _layers[i]);
        }
    }

    /// <summary>One step's rows of the buffers.</summary>
    private readonly struct Step
    {
        private readonly DecodeStep _decode;
        private readonly SegmentLayout _layout;
        private readonly IAdapterHooks? _hooks;
        private readonly KvCache _cache;
        private readonly DecodeBuffers _buffers;
        private readonly int _rows;

        public Step(DecodeStep decode, SegmentLayout layout, IAdapterHooks hooks, KvCache cache)
        {
            (_decode, _layout, _cache, _buffers, _rows) = (decode, layout, cache, cache.Buffers, layout.Tokens);
            _hooks = hooks is NoAdapters || layout.Runs is [{ Member: < 0 }] ? null : hooks;
            decode._positions.Fill(layout, Angles(_buffers.Cos), Angles(_buffers.Sin));
        }

        public Rows Hidden => Of(_buffers.Hidden);

        /// <summary>Whether nothing is left to operators of libtorch's, which use threads of their own.</summary>
        public bool IsInPlace
        {
            get
            {
                if (_hooks?.ActsInPlace(_layout) is false) return false;
                foreach (var layer in _decode._layers)
                    foreach (var site in layer.Sites)
                        if (DenseInPlace(site, _rows) is null && QuantisedInPlace(site, _rows) is null) return false;
                return true;
            }
        }

        /// <summary>As <see cref="DecoderBlock.Forward"/>: h += attention(norm(h)), then h += mlp(norm(h)).</summary>
        public void Block(int number, Layer layer)
        {
            Rows normed = Of(_buffers.Normed), y = Of(_buffers.Projected);
            Expect(layer.Inputs.Query, layer.Inputs.Key, layer.Inputs.Value);
            Norm(layer.AttentionNorm, normed);
            Attend(number, layer, normed, y);
            if (_hooks is not null)
            {
                var tensor = y.Tensor;
                Replace(y, tensor, _hooks.AfterAttention(number, tensor, _layout));
            }
            Expect(layer.Mlp.Gate, layer.Mlp.Up);
            RowFunctional.Add(y, Hidden);

            Norm(layer.MlpNorm, normed);
            Rows gate = Of(_buffers.Gate), up = Of(_buffers.Up);
            Project(normed, (layer.Mlp.Gate, gate), (layer.Mlp.Up, up));
            Expect(layer.Mlp.Down);
            RowFunctional.SwiGlu(gate, up, gate);
            Project(gate, (layer.Mlp.Down, y));
            if (_hooks is not null)
            {
                var tensor = y.Tensor;
                Replace(y, tensor, _hooks.AfterMlp(number, tensor, _layout));
            }
            RowFunctional.Add(y, Hidden);
        }

        /// <summary>The norm of the residual stream, and the hook behind it.</summary>
        public void Norm(RmsNorm norm, Rows y)
        {
            norm.Forward(Hidden, y);
            if (_hooks is null) return;
            var tensor = y.Tensor;
            Replace(y, tensor, _hooks.AfterNorm(norm, Hidden.Tensor, tensor, _layout));
        }

        // Most hooks change nothing and hand back what they were given.
        private static void Replace(Rows rows, Tensor before, Tensor after)
        {
            if (!ReferenceEquals(before, after)) rows.Set(after);
        }

        private void Attend(int number, Layer layer, Rows x, Rows y)
        {
            Rows q = Of(_buffers.Query), k = Of(_buffers.Key), v = Of(_buffers.Value), attended = Of(_buffers.Attended);
            Project(x, (layer.Inputs.Query, q), (layer.Inputs.Key, k), (layer.Inputs.Value, v));
            Expect(layer.Output);
            var config = _decode._config;
            RowFunctional.Rotary(q, config.Heads, Angles(_buffers.Cos), Angles(_buffers.Sin));
            RowFunctional.Rotary(k, config.KeyValueHeads, Angles(_buffers.Cos), Angles(_buffers.Sin));
            var caches = _buffers.Caches.AsSpan(0, _rows);
            for (var row = 0; row < _rows; row++)
            {
                var segment = _layout.Segments[row];
                caches[row] = _cache.Append(number, segment, k, v, row);
            }
            RowFunctional.Attention(q, config.Heads, caches, attended, layer.Window);
            Project(attended, (layer.Output, y));
        }

        // Projections of one input, the hooks around each; where none changes the input, all are computed in one go.
        private void Project(Rows x, params ReadOnlySpan<(ProjectionSite Site, Rows Y)> projections)
        {
            if (_hooks is null)
            {
                Products(x, projections);
                return;
            }
            var inputs = new Rows[projections.Length];
            var shared = true;
            for (var i = 0; i < inputs.Length; i++)
            {
                inputs[i] = _hooks.BeforeProjection(projections[i].Site, x, _layout);
                shared &= inputs[i].SharesMemory(x);
            }
            if (shared) Products(x, projections);
            for (var i = 0; i < inputs.Length; i++)
            {
                if (!shared) Products(inputs[i], projections.Slice(i, 1));
                _hooks.AfterProjection(projections[i].Site, inputs[i], projections[i].Y, _layout);
            }
        }

        private static void Products(Rows x, ReadOnlySpan<(ProjectionSite Site, Rows Y)> projections)
        {
            var (products, quantised) = (new ProductList(), new QuantisedList());
            var (count, held) = (0, 0);
            foreach (var (site, y) in projections)
            {
                if (DenseInPlace(site, x.Count) is { } weights) products[count++] = new RowProduct(weights.Weight, weights.Bias, y);
                else if (QuantisedInPlace(site, x.Count) is { } matrix) quantised[held++] = new QuantisedProduct(matrix, site.Weights.Bias, y);
                else y.Set(site.Weights.Forward(x.Tensor));
            }
            RowFunctional.Linear(x, ((ReadOnlySpan<RowProduct>)products)[..count]);
            QuantisedMatrix.Linear(x, ((ReadOnlySpan<QuantisedProduct>)quantised)[..held]);
        }

        // The weight, where so many rows are multiplied by it as it lies.
        private static DenseProjection? DenseInPlace(ProjectionSite site, int rows) => site.Weights is DenseProjection weights && !weights.Packs(rows) ? weights : null;

        private static QuantisedMatrix? QuantisedInPlace(ProjectionSite site, int rows)
            => site.Weights is QuantisedProjection { Held.Matrix: { } matrix } && matrix.Suits(rows) ? matrix : null;

        // What the next product reads, for threads that have nothing to do before it.
        private void Expect(params ReadOnlySpan<ProjectionSite> sites)
        {
            var (list, count) = (new MemoryList(), 0);
            foreach (var site in sites)
            {
                if (DenseInPlace(site, _rows) is { } weights) list[count++] = WeightMemory.Of(weights.Weight);
                else if (QuantisedInPlace(site, _rows) is { } matrix) list[count++] = matrix.Memory;
            }
            Threads.Expect(((ReadOnlySpan<WeightMemory>)list)[..count]);
        }

        private Rows Of(Rows buffer) => buffer.Slice(0, _rows);

        private Span<float> Angles(float[] table) => table.AsSpan(0, _rows * _decode._positions.Width / 2);
    }

    // At most queries, keys and values share an input.
    [System.Runtime.CompilerServices.InlineArray(3)]
    private struct ProductList
    {
        private RowProduct _first;
    }

    [System.Runtime.CompilerServices.InlineArray(3)]
    private struct MemoryList
    {
        private WeightMemory _first;
    }

    [System.Runtime.CompilerServices.InlineArray(3)]
    private struct QuantisedList
    {
        private QuantisedProduct _first;
    }
}
