namespace AlpacaCot.Torch.Tests;

/// <summary>Composed functions against their formulas, computed here in doubles.</summary>
public sealed class FunctionalTests
{
    [Theory]
    [InlineData(3, 3, false)]
    [InlineData(2, 5, true)]
    [InlineData(4, 4, true)]
    public void ScaledDotProductAttention_WithGroups_EqualsItsFormula(int queries, int keys, bool causal)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(5);
        const int Heads = 4, Kv = 2, D = 3;
        Tensor q = torch.randn([Heads, queries, D], g), k = torch.randn([Kv, keys, D], g), v = torch.randn([Kv, keys, D], g);
        var actual = torch.functional.scaled_dot_product_attention(q, k, v, is_causal: causal).data<float>();
        float[] Q = q.data<float>(), K = k.data<float>(), V = v.data<float>();
        var expected = new float[Heads * queries * D];
        for (var h = 0; h < Heads; h++)
        {
            var hk = h / (Heads / Kv);
            for (var i = 0; i < queries; i++)
            {
                var p = new double[keys];
                for (var j = 0; j < keys; j++)
                {
                    if (causal && j > i + keys - queries) continue;
                    double s = 0;
                    for (var c = 0; c < D; c++) s += Q[(h * queries + i) * D + c] * K[(hk * keys + j) * D + c];
                    p[j] = Math.Exp(s / Math.Sqrt(D));
                }
                for (var c = 0; c < D; c++)
                    expected[(h * queries + i) * D + c] = (float)(Enumerable.Range(0, keys).Sum(j => p[j] * V[(hk * keys + j) * D + c]) / p.Sum());
            }
        }
        Setup.AssertClose(expected, actual, 1e-5);
    }

    [Fact]
    public void CrossEntropy_WithIgnoredRows_IsTheMeanOverTheOthers()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(6);
        var logits = torch.randn([3, 5], g);
        var x = logits.data<float>();
        var targets = torch.tensor([4L, -100, 1]);
        double Loss(int row, int target) => Math.Log(Enumerable.Range(0, 5).Sum(c => Math.Exp(x[row * 5 + c]))) - x[row * 5 + target];
        Assert.Equal((Loss(0, 4) + Loss(2, 1)) / 2, torch.functional.cross_entropy(logits, targets).item<double>(), 5);
        Assert.Equal(0, torch.functional.cross_entropy(logits, targets, Reduction.None)[1].item<float>());
    }

    [Fact]
    public void Embedding_OfIds_TakesRows()
    {
        using var scope = torch.NewDisposeScope();
        var table = torch.arange(6).view(3, 2).to(torch.float32);
        Assert.Equal([4f, 5, 0, 1], torch.functional.embedding(torch.tensor([2L, 0]), table).data<float>());
    }
}
