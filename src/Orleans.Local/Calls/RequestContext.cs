using System.Collections.Immutable;

namespace Orleans.Runtime;

/// <summary>Small values that flow with a request to the grains it calls.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<Values?> s_current = new();

    /// <summary>The value of a key, or null.</summary>
    public static object? Get(string key) => s_current.Value?.Map.GetValueOrDefault(key);

    /// <summary>Sets a value for this flow and the calls it makes from now on.</summary>
    public static void Set(string key, object value)
    {
        var current = s_current.Value ?? Values.Empty;
        s_current.Value = current with { Map = current.Map.SetItem(key, value) };
    }

    /// <summary>Removes a value; false where there was none.</summary>
    public static bool Remove(string key)
    {
        if (s_current.Value is not { } current || !current.Map.ContainsKey(key)) return false;
        s_current.Value = current with { Map = current.Map.Remove(key) };
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear() => s_current.Value = null;

    /// <summary>While the result is not disposed, grains called from here may call back into this activation although it is busy with this request.</summary>
    public static ReentrancySection AllowCallChainReentrancy() => Enter(Guid.NewGuid());

    /// <summary>While the result is not disposed, calls back into this activation wait their turn.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => Enter(Guid.Empty);

    internal static Values? Capture() => s_current.Value;

    internal static void Restore(Values? values) => s_current.Value = values;

    private static ReentrancySection Enter(Guid chain)
    {
        var current = s_current.Value ?? Values.Empty;
        var previous = current.Chain;
        // An outer section of the same request stays in force: its id is kept, so that grains further up still recognise it.
        if (chain != Guid.Empty && previous != Guid.Empty) chain = previous;
        s_current.Value = current with { Chain = chain };
        if (chain != Guid.Empty) AlpacaCot.LocalSilo.Runtime.RuntimeContext.CurrentActivation?.EnterChain(chain);
        return new ReentrancySection(previous, chain);
    }

    internal sealed record Values(ImmutableDictionary<string, object> Map, Guid Chain)
    {
        public static readonly Values Empty = new(ImmutableDictionary<string, object>.Empty.WithComparers(StringComparer.Ordinal), Guid.Empty);
    }

    /// <summary>Ends a section of call-chain reentrancy when disposed.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid _previous;
        private readonly Guid _chain;

        internal ReentrancySection(Guid previous, Guid chain)
        {
            _previous = previous;
            _chain = chain;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (s_current.Value is { } current) s_current.Value = current with { Chain = _previous };
            if (_chain != Guid.Empty) AlpacaCot.LocalSilo.Runtime.RuntimeContext.CurrentActivation?.LeaveChain(_chain);
        }
    }
}
