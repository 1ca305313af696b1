using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>A small random decoder; the same seed gives the same one.</summary>
internal static class TinyDecoder
{
    public static Decoder Create(int layers = 2, ScalarType dtype = ScalarType.Float32)
    {
        using var generator = new Generator(7);
        return Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama",
            VocabularySize = 61,
            HiddenSize = 32,
            IntermediateSize = 48,
            Layers = layers,
            Heads = 4,
            KeyValueHeads = 2,
            HeadDim = 8,
            InitializerRange = 0.2,
        }, generator, dtype, TestDevice.Chosen);
    }

    public static Adapter Adapter(Decoder decoder, AdapterConfig config, ulong seed = 1)
    {
        using var generator = new Generator(seed);
        return AdapterFactory.Create(decoder, config, generator);
    }

    /// <summary>Logits of rows of tokens, each under a member of the bank.</summary>
    public static float[][] Logits(Decoder decoder, AdapterBank? bank, params (int Member, int[] Ids)[] rows)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var segments = new List<Segment>();
        foreach (var (member, ids) in rows) segments.Add(new Segment(segments.Count == 0 ? 0 : segments[^1].End, ids.Length, member, Keys: Array.ConvertAll(ids, id => (ulong)id)));
        var layout = new SegmentLayout(segments);
        var logits = decoder.Logits(decoder.Hidden(torch.tensor(rows.SelectMany(r => r.Ids).Select(id => (long)id).ToArray()), layout, bank), layout, bank);
        return [.. segments.Select(s => logits.narrow(0, s.Start, s.Length).ToArray<float>())];
    }
}
