namespace AlpacaCot.Tests.LocalSilo;

/// <summary>One silo for the tests of a class.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    public TestSilo Silo { get; private set; } = null!;

    public IGrainFactory Grains => Silo.Grains;

    public async ValueTask InitializeAsync() => Silo = await TestSilo.StartAsync();

    public async ValueTask DisposeAsync() => await Silo.DisposeAsync();
}
