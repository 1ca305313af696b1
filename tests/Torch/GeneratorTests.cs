namespace AlpacaCot.Torch.Tests;

public sealed class GeneratorTests
{
    [Fact]
    public void Randn_FromTheSameSeed_RepeatsItself()
    {
        using var scope = torch.NewDisposeScope();
        using Generator a = new(7), b = new(7), other = new(8);
        var first = torch.randn([100], a).data<float>();
        Assert.Equal(first, torch.randn([100], b).data<float>());
        Assert.NotEqual(first, torch.randn([100], other).data<float>());
    }

    [Fact]
    public void SetState_ToAnEarlierState_GoesOnFromThere()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(3);
        _ = torch.randperm(50, g);
        var state = g.get_state();
        var expected = torch.rand([33], g).data<float>();
        using var fresh = new Generator(99);
        fresh.set_state(state);
        Assert.Equal(expected, torch.rand([33], fresh).data<float>());
        Assert.Throws<TorchException>(() => fresh.set_state(new byte[5]));
    }

    [Fact]
    public void Samplers_WithAGenerator_AreReproducible()
    {
        using var scope = torch.NewDisposeScope();
        static float[] Draw()
        {
            using var g = new Generator(11);
            var x = torch.empty([8]);
            x.uniform_(-1, 1, g);
            var y = torch.empty([8]);
            y.normal_(0, 1, g);
            var drawn = torch.tensor([0.1f, 0.2f, 0.7f], [1, 3]).multinomial(20, replacement: true, g);
            var dropped = torch.functional.dropout(torch.ones(20), 0.5, g);
            return [.. x.data<float>(), .. y.data<float>(), .. drawn.data<float>(), .. dropped.data<float>(), .. torch.randint(0, 9, [5], g).data<float>()];
        }
        Assert.Equal(Draw(), Draw());
    }
}
