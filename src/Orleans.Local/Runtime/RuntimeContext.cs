namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>The activation whose turn runs on this thread.</summary>
internal static class RuntimeContext
{
    [ThreadStatic]
    private static Activation? s_current;

    public static IGrainContext? Current => s_current;

    public static Activation? CurrentActivation
    {
        get => s_current;
        set => s_current = value;
    }
}
