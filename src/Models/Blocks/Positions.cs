using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>How a family tells its attention where a token stands; declared once per model.</summary>
internal abstract class PositionKind
{
    /// <summary>Prepares one forward pass: whatever depends on the layout alone is computed here, once for all blocks.</summary>
    public abstract PositionStep Prepare(SegmentLayout layout, Device device);
}

/// <summary>The positions of one forward pass.</summary>
internal abstract class PositionStep
{
    /// <summary>Turns queries or keys <c>[tokens, heads, head_dim]</c>.</summary>
    public abstract Tensor Rotate(Tensor x);

    /// <summary>The positions of some of the tokens, by ascending number.</summary>
    public abstract PositionStep Select(int[] tokens);
}

/// <summary>
/// Rotary position embedding (Su et al. 2021) in halves: (x[i], x[i + n/2]) → (x[i] cos − x[i+n/2] sin, x[i+n/2] cos + x[i] sin)
/// with the angle position · inv[i]. Angles are fp32.
/// </summary>
internal sealed class RotaryHalves(RotarySettings settings, int width) : PositionKind
{
    private readonly Lock _lock = new();
    private readonly float[] _frequencies = RotaryFrequencies.Compute(settings, width, 0);
    private float[] _cos = [], _sin = [];

    public override PositionStep Prepare(SegmentLayout layout, Device device)
    {
        long[] shape = [layout.Tokens, width / 2];
        float[] cos = new float[shape[0] * shape[1]], sin = new float[cos.Length];
        Fill(layout, cos, sin);
        return new Step(torch.tensor(cos, shape).to(device), torch.tensor(sin, shape).to(device));
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

    private sealed class Step(Tensor cos, Tensor sin) : PositionStep
    {
        public override Tensor Rotate(Tensor x) => Functional.Rotary(x, cos, sin);

        public override PositionStep Select(int[] tokens) => new Step(Functional.SelectRows(cos, tokens), Functional.SelectRows(sin, tokens));
    }
}
