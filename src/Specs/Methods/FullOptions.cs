namespace AlpacaCot.Specs.Methods;

/// <summary>Full fine-tuning: every weight of the base is trained.</summary>
public static class FullOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new("full", "FULL", 2e-5, "the rate of Stanford Alpaca; every weight moves, so that small steps change much", [])
    {
        Meaning = "Every weight of the base",
        TrainsBase = true,
        Size = (_, model) => model.Parameters,
    };
}
