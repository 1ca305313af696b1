using System.Buffers.Binary;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// llama2.c's first <c>.bin</c> layout: seven little-endian int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len; a negative
/// vocab_size tells that the head is its own), then fp32 arrays, each tensor for all layers. Queries and keys are in Meta's order.
/// The format has no norm epsilon and no rotary base: 1e-5 and 10000.
/// </summary>
internal static class Llama2cFile
{
    private const int HeaderLength = 7 * sizeof(int);

    private sealed record Header(int Dim, int Hidden, int Layers, int Heads, int KeyValueHeads, int Vocabulary, int Length, bool OwnHead)
    {
        public int KeyWidth => Dim / Heads * KeyValueHeads;

        public long FileLength => HeaderLength + sizeof(float) * (
            (long)Vocabulary * Dim * (OwnHead ? 2 : 1)
            + (long)Layers * (2L * Dim + 2L * Dim * Dim + 2L * Dim * KeyWidth + 3L * Dim * Hidden)
            + Dim + (long)Length * (Dim / Heads));
    }

    /// <summary>Whether a file's header and length agree with the layout.</summary>
    public static bool Recognises(string path)
    {
        using var stream = RegularFile.OpenRead(path);
        var bytes = new byte[HeaderLength];
        return stream.ReadAtLeast(bytes, HeaderLength, throwOnEndOfStream: false) == HeaderLength && Parse(bytes) is { } header && header.FileLength == stream.Length;
    }

    public static Checkpoint Open(string path)
    {
        var file = new MappedFile(path);
        var h = Parse(file.Span(0, HeaderLength)) is { } header && header.FileLength == file.Length
            ? header
            : throw new ModelException($"{path}: is not a llama2.c model");
        var config = new DecoderConfig
        {
            ModelType = "llama",
            VocabularySize = h.Vocabulary,
            HiddenSize = h.Dim,
            IntermediateSize = h.Hidden,
            Layers = h.Layers,
            Heads = h.Heads,
            KeyValueHeads = h.KeyValueHeads,
            HeadDim = h.Dim / h.Heads,
            MaxPositions = h.Length,
            NormEpsilon = 1e-5,
            TieWordEmbeddings = !h.OwnHead,
            BosTokenId = 1,
            EosTokenIds = [2],
            Dtype = ScalarType.Float32,
        };
        return new Checkpoint(path, config, Tensors(file, h), [file]);
    }

    private static List<StoredTensor> Tensors(MappedFile file, Header h)
    {
        var tensors = new List<StoredTensor>();
        long at = HeaderLength;
        Add("model.embed_tokens", h.Vocabulary, h.Dim);
        EachLayer("input_layernorm", h.Dim);
        EachLayer("self_attn.q_proj", h.Dim, h.Dim, h.Heads);
        EachLayer("self_attn.k_proj", h.KeyWidth, h.Dim, h.KeyValueHeads);
        EachLayer("self_attn.v_proj", h.KeyWidth, h.Dim);
        EachLayer("self_attn.o_proj", h.Dim, h.Dim);
        EachLayer("post_attention_layernorm", h.Dim);
        EachLayer("mlp.gate_proj", h.Hidden, h.Dim);
        EachLayer("mlp.down_proj", h.Dim, h.Hidden);
        EachLayer("mlp.up_proj", h.Hidden, h.Dim);
        Add("model.norm", h.Dim);
        at += sizeof(float) * (long)h.Length * (h.Dim / h.Heads);   // cos and sin tables
        if (h.OwnHead) Add("lm_head", h.Vocabulary, h.Dim);
        return tensors;

        void EachLayer(string name, int rows, int columns = 0, int rotaryHeads = 0)
        {
            for (var i = 0; i < h.Layers; i++) Add($"model.layers.{i}.{name}", rows, columns, rotaryHeads);
        }

        void Add(string name, int rows, int columns = 0, int rotaryHeads = 0)
        {
            var tensor = new StoredTensor($"{name}.weight", StoredType.Of(ScalarType.Float32), columns > 0 ? [rows, columns] : [rows], file, at);
            tensors.Add(rotaryHeads > 0 ? tensor.PairsToHalves(rotaryHeads) : tensor);
            at += sizeof(float) * (long)rows * Math.Max(columns, 1);
        }
    }

    private static Header? Parse(ReadOnlySpan<byte> bytes)
    {
        Span<int> n = stackalloc int[7];
        for (var i = 0; i < n.Length; i++) n[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
        if (n[5] == int.MinValue) return null;
        var header = new Header(n[0], n[1], n[2], n[3], n[4], Math.Abs(n[5]), n[6], n[5] < 0);
        // With these limits the file's length, which is compared before anything else is believed, is far from overflowing.
        var sane = header is { Dim: > 0 and < 1 << 20, Hidden: > 0 and < 1 << 22, Layers: > 0 and < 1 << 12, Heads: > 0, KeyValueHeads: > 0, Vocabulary: > 0, Length: > 0 };
        return sane && header.Dim % header.Heads == 0 && header.Heads % header.KeyValueHeads == 0 ? header : null;
    }
}
