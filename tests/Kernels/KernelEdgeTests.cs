namespace AlpacaCot.Kernels.Tests;

/// <summary>Where a small slip hides: the last class, tiny rows, the border of a mask and of a window.</summary>
public sealed class KernelEdgeTests
{
    [Fact]
    public void CrossEntropy_TargetEqualToTheNumberOfClasses_IsRefused()
    {
        using var scope = torch.NewDisposeScope();
        var losses = new float[1];
        Functional.CrossEntropyInPlace(torch.zeros(1, 5), [4], [1], losses);
        Assert.Equal(MathF.Log(5), losses[0], 1e-6);
        Assert.Throws<ArgumentException>(() => Functional.CrossEntropyInPlace(torch.zeros(1, 5), [5], [1], losses));
        Assert.Throws<ArgumentException>(() => Functional.CrossEntropyInPlace(torch.zeros(1, 5), [-1], [1], losses));
    }

    [Fact]
    public void CrossEntropy_WeightedRows_GradientsAreTheWeightTimesProbabilityLessOne()
    {
        using var scope = torch.NewDisposeScope();
        var logits = torch.zeros(2, 4);
        Functional.CrossEntropyInPlace(logits, [1, 3], [2, 0], new float[2]);
        Assert.Equal([0.5f, -1.5f, 0.5f, 0.5f, 0, 0, 0, 0], logits.ToArray<float>().Select(x => MathF.Round(x, 5) + 0f));
    }

    [Fact]
    public void RmsNorm_TinyRows_TheEpsilonCounts()
    {
        using var scope = torch.NewDisposeScope();
        var (x, weight) = (torch.full([1, 32], 1e-3), torch.ones(32));
        // 1e-3 / √(1e-6 + 1e-6)
        Assert.All(Functional.RmsNorm(x, weight, 1e-6).ToArray<float>(), y => Assert.Equal(0.70710678, y, 1e-5));
        Assert.All(Functional.RmsNorm(x, null, 3e-6).ToArray<float>(), y => Assert.Equal(0.5, y, 1e-5));
    }

    /// <summary>1e25 is a number and its square is none: the row becomes NaN, which is found, and not zeros, which are not.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(20)]
    public void RmsNorm_SquaresThatOverflow_ShowAsNaN(int width)
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(2, width);
        x[1, 3] = 1e25f;
        foreach (var y in new[] { Functional.RmsNorm(x, torch.ones(width)), Functional.RmsNorm(x), Functional.AddRmsNorm(x, torch.zeros(2, width), torch.ones(width)).Normed })
        {
            var values = y.ToArray<float>();
            Assert.All(values[..width], value => Assert.Equal(1, value, 1e-5));
            Assert.All(values[width..], value => Assert.True(float.IsNaN(value)));
        }
    }

    [Fact]
    public void SegmentAttention_LastValueAlone_IsSeenByTheLastTokenOnly()
    {
        using var scope = torch.NewDisposeScope();
        const int Tokens = 6;
        var (q, k, v) = (torch.zeros(Tokens, 1, 16), torch.zeros(Tokens, 1, 16), torch.zeros(Tokens, 1, 16));
        for (var i = 0; i < Tokens; i++) v[i] = (i + 1) * torch.ones(1, 16);
        // All scores are equal, so each token gets the mean of what it sees: of 1 … i.
        var y = Functional.SegmentAttention(q, k, v, [0, Tokens]).select(2, 0).flatten().ToArray<float>();
        Assert.Equal([1f, 1.5f, 2f, 2.5f, 3f, 3.5f], y.Select(value => MathF.Round(value, 4)));
        // Two segments see nothing of each other.
        y = Functional.SegmentAttention(q, k, v, [0, 4, Tokens]).select(2, 0).flatten().ToArray<float>();
        Assert.Equal([1f, 1.5f, 2f, 2.5f, 5f, 5.5f], y.Select(value => MathF.Round(value, 4)));
        // One query at a time, as when decoding, sees all that the cache holds.
        y = Functional.CachedAttention(q.narrow(0, 0, 1), [k], [v], [0, 1]).select(2, 0).flatten().ToArray<float>();
        Assert.Equal(3.5f, MathF.Round(Assert.Single(y), 4));
    }

    [Fact]
    public void AdamW_FirstStep_MovesByTheRateWhateverTheGradient()
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        foreach (var gradient in (double[])[1e-3, 5])
        {
            var p = torch.ones(20);
            AdamWStep.Apply([p], [torch.full([20], gradient)], [torch.zeros(20)], [torch.zeros(20)], 0.1, 0.9, 0.999, 1e-12, [0.0], 1);
            Assert.All(p.ToArray<float>(), value => Assert.Equal(0.9, value, 1e-4));
        }
        // Decay is taken from the weight, not put into the gradient.
        var decayed = torch.ones(20);
        AdamWStep.Apply([decayed], [torch.zeros(20)], [torch.zeros(20)], [torch.zeros(20)], 0.1, 0.9, 0.999, 1e-8, [0.5], 1);
        Assert.All(decayed.ToArray<float>(), value => Assert.Equal(0.95, value, 1e-6));
    }
}
