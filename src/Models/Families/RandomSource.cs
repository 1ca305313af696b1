namespace AlpacaCot.Models.Families;

/// <summary>Fresh parameters as transformers draws them: matrices normal(0, range), norms one, biases zero. Drawn in fp32, then rounded.</summary>
internal sealed class RandomSource(double range, Generator generator, ScalarType dtype, Device device) : IParameterSource
{
    public Device Device => device;

    public (string Name, Tensor Value)? Take(string name, long[] shape, Initialisation initialisation)
    {
        using var scope = torch.NewDisposeScope();
        var drawn = initialisation switch
        {
            Initialisation.Normal => torch.randn(shape, generator: generator) * range,
            Initialisation.Ones => torch.ones(shape),
            _ => torch.zeros(shape),
        };
        return (name, drawn.to(dtype, device).DetachFromDisposeScope());
    }
}
