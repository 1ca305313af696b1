namespace Orleans.Concurrency;

/// <summary>All requests to this class may interleave at their awaits.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;

/// <summary>Requests that a static method <c>bool Name(IInvokable)</c> of the class approves may interleave.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayInterleaveAttribute(string callbackMethodName) : Attribute
{
    /// <summary>The method's name.</summary>
    public string CallbackMethodName { get; } = callbackMethodName;
}

/// <summary>This request interleaves with any other. On the interface's method.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>This request changes no state: it interleaves with other such requests. On the interface's method.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>The caller gets no response and no exception: the call completes once it is sent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
