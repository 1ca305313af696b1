using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

/// <summary>Holds gradient recording on or off on its thread; a ref struct, so that it cannot cross <c>await</c> or <c>yield</c>.</summary>
public readonly ref struct GradModeGuard
{
    private readonly bool _before;

    internal GradModeGuard(bool enabled) => _before = Native.ac_grad_mode(enabled ? 1 : 0) != 0;

    /// <summary>Restores what was.</summary>
    public void Dispose() => _ = Native.ac_grad_mode(_before ? 1 : 0);
}

/// <summary>Holds inference mode on its thread; a ref struct, so that it cannot cross <c>await</c> or <c>yield</c>.</summary>
public readonly ref struct InferenceModeGuard
{
    private readonly nint _guard;

    /// <summary>Enters inference mode.</summary>
    public InferenceModeGuard() => _guard = Native.Check(Native.ac_inference_enter());

    /// <summary>Leaves it.</summary>
    public void Dispose()
    {
        if (_guard != 0) Native.ac_inference_leave(_guard);
    }
}
