using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Models;

/// <summary>How far the logits of two models are apart on the same tokens.</summary>
/// <param name="Tokens">Positions that were compared.</param>
/// <param name="MaxDifference">Largest absolute difference of a logit.</param>
/// <param name="MaxLogit">Largest absolute logit of the first model.</param>
/// <param name="SameBest">Share of the positions at which both have the same best token.</param>
/// <param name="Divergence">Mean Kullback–Leibler divergence of the second's distribution from the first's, in nats.</param>
public sealed record ModelComparison(int Tokens, double MaxDifference, double MaxLogit, double SameBest, double Divergence)
{
    private const int Rows = 4, Length = 48;

    /// <summary>The difference relative to the largest logit.</summary>
    public double Relative => MaxDifference / Math.Max(MaxLogit, 1e-30);

    /// <summary>Compares two models on a few rows of tokens, drawn by a seed that is always the same.</summary>
    /// <exception cref="ModelException">Their vocabularies differ in size.</exception>
    public static ModelComparison Of(Decoder first, Decoder second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Config.VocabularySize != second.Config.VocabularySize)
            throw new ModelException($"the vocabularies differ: {first.Config.VocabularySize} and {second.Config.VocabularySize} ids");
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var rows = Enumerable.Range(0, Rows).Select(row => Row(first.Config, row)).ToList();
        Tensor a = Logits(first, rows), b = Logits(second, rows).to(a.device);
        var (p, q) = (torch.nn.functional.log_softmax(a, -1), torch.nn.functional.log_softmax(b, -1));
        return new ModelComparison(
            (int)a.size(0), (a - b).abs().max().item<float>(), a.abs().max().item<float>(),
            a.argmax(-1).eq(b.argmax(-1)).to(ScalarType.Float32).mean().item<float>(), (p.exp() * (p - q)).sum(-1).mean().item<float>());
    }

    private static int[] Row(DecoderConfig config, int number)
    {
        var random = SeededRandom.For(0, "model verify", number);
        var ids = Enumerable.Range(0, Math.Min(Length, config.MaxPositions)).Select(_ => random.Next(config.VocabularySize)).ToArray();
        if (config.Glm is not { } glm || config.BosTokenId is not { } bos || ids.Length < 4) return ids;
        // A prompt must end where the model's prompts end, and nowhere else.
        for (var i = 0; i < ids.Length; i++)
            if (ids[i] == bos || ids[i] == glm.MaskToken || ids[i] == glm.GenerationMaskToken) ids[i] = 0;
        (ids[ids.Length / 2], ids[ids.Length / 2 + 1]) = (glm.GenerationMaskToken, bos);
        return ids;
    }

    private static Tensor Logits(Decoder decoder, List<int[]> rows)
    {
        var layout = SegmentLayout.Of(rows.Select(row => row.Length));
        var ids = torch.tensor(rows.SelectMany(row => row).Select(id => (long)id).ToArray()).to(decoder.Device);
        return decoder.Logits(decoder.Hidden(ids, layout), layout).to(ScalarType.Float32);
    }
}
