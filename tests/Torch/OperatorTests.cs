using System.Reflection;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch.Tests;

public sealed class OperatorTests
{
    /// <summary>What newer versions alone have: asked for by name, composed where absent.</summary>
    private static readonly string[] _newer = ["sdpa"];

    [Fact]
    public void EveryNamedOperator_OnThisLibtorch_IsFound()
    {
        var missing = typeof(Op).GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(f => !((Operator)f.GetValue(null)!).Exists).Select(f => f.Name).Except(_newer).ToArray();
        Assert.Empty(missing);
    }

    [Fact]
    public void Matmul_OfMatchingShapes_Multiplies()
    {
        using var scope = torch.NewDisposeScope();
        var a = torch.tensor([1f, 2, 3, 4], [2, 2]);
        Assert.Equal([7f, 10, 15, 22], a.matmul(a).data<float>());
    }

    [Fact]
    public void Matmul_OfWrongShapes_ThrowsLibtorchsMessage()
    {
        using var scope = torch.NewDisposeScope();
        var e = Assert.Throws<TorchException>(() => torch.matmul(torch.zeros(2, 3), torch.zeros(2, 3)));
        Assert.Contains("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Backward_ThroughSilu_GivesItsDerivative()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([0.5f]).requires_grad_();
        (x.silu() * 3).sum().backward();
        var s = 1 / (1 + Math.Exp(-0.5));
        Assert.Equal(3 * (s + 0.5 * s * (1 - s)), x.grad!.item<double>(), 5);
    }
}
