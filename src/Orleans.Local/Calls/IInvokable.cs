using System.Reflection;

namespace Orleans.Serialization.Invocation;

/// <summary>A request: a method of a grain interface and its arguments.</summary>
public interface IInvokable
{
    /// <summary>The object it is called on, or null where that is not here.</summary>
    object? GetTarget();

    /// <summary>The number of arguments, cancellation token included.</summary>
    int GetArgumentCount();

    /// <summary>An argument.</summary>
    object? GetArgument(int index);

    /// <summary>Replaces an argument.</summary>
    void SetArgument(int index, object? value);

    /// <summary>The method's name.</summary>
    string GetMethodName();

    /// <summary>The interface's name.</summary>
    string GetInterfaceName();

    /// <summary>The interface's method.</summary>
    MethodInfo GetMethod();

    /// <summary>The interface.</summary>
    Type GetInterfaceType();

    /// <summary>The method's own response timeout, if it has one.</summary>
    TimeSpan? GetDefaultResponseTimeout();

    /// <summary>The token among the arguments, if there is one.</summary>
    CancellationToken GetCancellationToken();

    /// <summary>Whether the method takes a token.</summary>
    bool IsCancellable { get; }
}

/// <summary>What came of a request: a result or an exception.</summary>
public sealed class Response
{
    private Response(object? result, Exception? exception)
    {
        Result = result;
        Exception = exception;
    }

    /// <summary>A response without a result.</summary>
    public static Response Completed { get; } = new(null, null);

    /// <summary>The result; null where there is none.</summary>
    public object? Result { get; }

    /// <summary>The exception; null where the call succeeded.</summary>
    public Exception? Exception { get; }

    /// <summary>A failure.</summary>
    public static Response FromException(Exception exception) => new(null, exception);

    /// <summary>A result.</summary>
    public static Response FromResult<TResult>(TResult value) => new(value, null);
}
