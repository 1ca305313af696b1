using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>How a family tells its attention where a token stands; declared once per model.</summary>
internal abstract class PositionKind
{
    /// <summary>The positions that a configuration asks for, where they are not learnt.</summary>
    public static PositionKind Of(DecoderConfig config) => config switch
    {
        { Alibi: true } => new ScorePositions(),
        { Glm: { } glm } => new GlmPositions(glm.TwoDimensional, config.HeadDim, new GlmTokens(config.BosTokenId ?? -1, glm.MaskToken, glm.GenerationMaskToken)),
        _ => new Rotary(config.Rotary, config.Rotary.Width ?? config.HeadDim),
    };

    /// <summary>Prepares one forward pass: whatever depends on the layout alone is computed here, once for all blocks.</summary>
    public abstract PositionStep Prepare(PositionContext context);
}

/// <summary>What positions may depend on.</summary>
/// <param name="Layout">The segments that are computed, with the virtual tokens that adapters put in front.</param>
/// <param name="Asked">The segments of the ids alone.</param>
/// <param name="Ids">Token ids <c>[tokens]</c>.</param>
/// <param name="Cache">What is held of the sequences, where something is.</param>
/// <param name="Device">Where to compute.</param>
internal sealed record PositionContext(SegmentLayout Layout, SegmentLayout Asked, Tensor Ids, KvCache? Cache, Device Device);

/// <summary>The positions of one forward pass; the defaults are those of a family that has none at this place.</summary>
internal abstract class PositionStep
{
    /// <summary>Per segment how many first tokens all its tokens see; null where none has such a prompt.</summary>
    public virtual int[]? Prefixes => null;

    /// <summary>Adds positions to what enters the first block, <c>[tokens, hidden]</c>.</summary>
    public virtual Tensor Enter(Tensor x) => x;

    /// <summary>Turns queries or keys <c>[tokens, heads, head_dim]</c>.</summary>
    public virtual Tensor Rotate(Tensor x) => x;

    /// <summary>The positions of some of the tokens, by ascending number.</summary>
    public abstract PositionStep Select(int[] tokens);
}

/// <summary>
/// Rotary position embedding (Su et al. 2021) of the first n dimensions of a head, in halves or in pairs: (a, b) → (a cos − b sin, b cos + a sin) with
/// a = x[i], b = x[i + n/2] or a = x[2i], b = x[2i + 1], and the angle position · inv[i]. Angles are fp32.
/// </summary>
internal sealed class Rotary(RotarySettings settings, int width) : PositionKind
{
    private readonly Lock _lock = new();
    private readonly float[] _frequencies = RotaryFrequencies.Compute(settings, width, 0);
    private float[] _cos = [], _sin = [];

    /// <summary>Dimensions of a head that are turned.</summary>
    public int Width => width;

    /// <summary>Whether neighbours turn together.</summary>
    public bool Pairs => settings.Pairs;

    /// <inheritdoc/>
    public override PositionStep Prepare(PositionContext context)
    {
        long[] shape = [context.Layout.Tokens, width / 2];
        float[] cos = new float[shape[0] * shape[1]], sin = new float[cos.Length];
        Fill(context.Layout, cos, sin);
        return new Step(torch.tensor(cos, shape).On(context.Device), torch.tensor(sin, shape).On(context.Device), settings.Pairs);
    }

    /// <summary>Cosines and sines of every token's angles <c>[tokens, width / 2]</c>.</summary>
    public void Fill(SegmentLayout layout, Span<float> cos, Span<float> sin)
    {
        var half = width / 2;
        foreach (var segment in layout.Segments)
        {
            var length = segment.Position + segment.Length;
            int at = segment.Start * half, count = segment.Length * half;
            if (settings.DependsOnLength(length))
            {
                // Beyond the trained length the base depends on how long the sequence is by now; keys in a cache keep their rotation.
                Fill(RotaryFrequencies.Compute(settings, width, length), segment.Position, cos.Slice(at, count), sin.Slice(at, count));
                continue;
            }
            var (tableCos, tableSin) = Table(length);
            tableCos.AsSpan(segment.Position * half, count).CopyTo(cos[at..]);
            tableSin.AsSpan(segment.Position * half, count).CopyTo(sin[at..]);
        }
    }

    private (float[] Cos, float[] Sin) Table(int positions)
    {
        lock (_lock)
        {
            var half = width / 2;
            if (_cos.Length < positions * half)
            {
                var size = Math.Max(positions, Math.Max(256, 2 * (_cos.Length / half)));
                float[] cos = new float[size * half], sin = new float[size * half];
                Fill(_frequencies, 0, cos, sin);
                (_cos, _sin) = (cos, sin);
            }
            return (_cos, _sin);
        }
    }

    private void Fill(float[] frequencies, int firstPosition, Span<float> cos, Span<float> sin)
    {
        var factor = (float)settings.AttentionFactor;
        for (var i = 0; i < cos.Length; i++)
        {
            var angle = (firstPosition + i / frequencies.Length) * frequencies[i % frequencies.Length];
            cos[i] = MathF.Cos(angle) * factor;
            sin[i] = MathF.Sin(angle) * factor;
        }
    }

    private sealed class Step(Tensor cos, Tensor sin, bool pairs) : PositionStep
    {
        public override Tensor Rotate(Tensor x) => Functional.Rotary(x, cos, sin, pairs);

        public override PositionStep Select(int[] tokens) => new Step(Functional.SelectRows(cos, tokens), Functional.SelectRows(sin, tokens), pairs);
    }
}
