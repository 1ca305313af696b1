using System.Linq.Expressions;
using System.Reflection;
using AlpacaCot.LocalSilo.Serialization;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>What a grain method returns.</summary>
internal enum ReturnShape
{
    Task,
    TaskOfResult,
    ValueTask,
    ValueTaskOfResult,
    Stream,
}

/// <summary>A method of a grain interface: how it is named in messages, how its values are copied, and how it is invoked.</summary>
internal sealed class MethodShape
{
    private readonly ParameterInfo[] _parameters;
    private readonly bool _resultImmutable;
    private Codec?[]? _codecs;
    private Codec? _resultCodec;
    private Func<object, object?[], ValueTask<object?>>? _invoke;

    public MethodShape(InterfaceShape owner, MethodInfo method, int index)
    {
        Owner = owner;
        Method = method;
        Index = index;
        _parameters = method.GetParameters();
        if (method.IsGenericMethod) throw new ArgumentException($"{Readable}: generic grain methods are not supported by the local runtime");
        if (_parameters.Any(p => p.ParameterType.IsByRef)) throw new ArgumentException($"{Readable}: grain methods take no ref, in or out parameters");
        (Returns, ResultType) = ReturnOf(method);
        TokenIndex = Array.FindIndex(_parameters, p => p.ParameterType == typeof(CancellationToken));
        if (_parameters.Count(p => p.ParameterType == typeof(CancellationToken)) > 1) throw new ArgumentException($"{Readable}: at most one CancellationToken");
        WireName = method.GetCustomAttribute<AliasAttribute>()?.Alias ?? DefaultWireName();
        AlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        OneWay = method.IsDefined(typeof(OneWayAttribute));
        ResponseTimeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout ?? method.DeclaringType!.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        _resultImmutable = method.ReturnParameter.IsDefined(typeof(ImmutableAttribute), inherit: false);
    }

    public InterfaceShape Owner { get; }

    public MethodInfo Method { get; }

    public int Index { get; }

    public string WireName { get; }

    public ReturnShape Returns { get; }

    /// <summary>The type of the result, of a stream's items; <see cref="void"/> where there is none.</summary>
    public Type ResultType { get; }

    public bool HasResult => ResultType != typeof(void);

    /// <summary>The place of the cancellation token among the arguments, or -1.</summary>
    public int TokenIndex { get; }

    public bool AlwaysInterleave { get; }

    public bool ReadOnly { get; }

    public bool OneWay { get; }

    public TimeSpan? ResponseTimeout { get; }

    public int ParameterCount => _parameters.Length;

    public string Readable => $"{Method.DeclaringType!.Name}.{Method.Name}";

    /// <summary>The codecs of the arguments; null for the token.</summary>
    public Codec?[] ArgumentCodecs => _codecs ??= [.. _parameters.Select(p => p.ParameterType == typeof(CancellationToken) ? null : CodecFor(p.ParameterType, p.Name ?? ""))];

    /// <summary>The codec of the result or of a stream's items.</summary>
    public Codec ResultCodec => _resultCodec ??= CodecFor(ResultType, "its result");

    /// <summary>Calls the method on a grain. A stream is returned as the enumerable itself.</summary>
    public ValueTask<object?> Invoke(object target, object?[] arguments) => (_invoke ??= Compile())(target, arguments);

    /// <summary>Copies the arguments, so that caller and grain share nothing that can change.</summary>
    public object?[] CopyArguments(object?[] arguments)
    {
        if (arguments.Length == 0) return arguments;
        var codecs = ArgumentCodecs;
        var copies = new object?[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            var share = codecs[i] is not { Shareable: false } || _parameters[i].IsDefined(typeof(ImmutableAttribute), inherit: false);
            copies[i] = share ? arguments[i] : codecs[i]!.CopyBoxed(arguments[i], new CopyContext());
        }
        return copies;
    }

    public object? CopyResult(object? result)
        => !HasResult || _resultImmutable || result is null || ResultCodec.Shareable ? result : ResultCodec.CopyBoxed(result, new CopyContext());

    private static (ReturnShape, Type) ReturnOf(MethodInfo method)
    {
        var type = method.ReturnType;
        if (type == typeof(Task)) return (ReturnShape.Task, typeof(void));
        if (type == typeof(ValueTask)) return (ReturnShape.ValueTask, typeof(void));
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        if (definition == typeof(Task<>)) return (ReturnShape.TaskOfResult, type.GetGenericArguments()[0]);
        if (definition == typeof(ValueTask<>)) return (ReturnShape.ValueTaskOfResult, type.GetGenericArguments()[0]);
        if (definition == typeof(IAsyncEnumerable<>)) return (ReturnShape.Stream, type.GetGenericArguments()[0]);
        throw new ArgumentException($"{method.DeclaringType!.Name}.{method.Name} returns {type.Name}: grain methods return Task, Task<T>, ValueTask, ValueTask<T> or IAsyncEnumerable<T>");
    }

    // Overloads differ in their parameters; the token may come or go.
    private string DefaultWireName()
        => $"{Method.Name}({string.Join(',', _parameters.Where(p => p.ParameterType != typeof(CancellationToken)).Select(p => p.ParameterType.Name))})";

    private Codec CodecFor(Type type, string what)
    {
        try
        {
            return Codecs.Get(type);
        }
        catch (CodecNotFoundException e)
        {
            throw new CodecNotFoundException($"{Readable}, {what}: {e.Message}");
        }
    }

    private Func<object, object?[], ValueTask<object?>> Compile()
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(target, Method.DeclaringType!), Method,
            _parameters.Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        var adapter = Returns switch
        {
            ReturnShape.Task => typeof(ReturnAdapters).GetMethod(nameof(ReturnAdapters.FromTask))!,
            ReturnShape.ValueTask => typeof(ReturnAdapters).GetMethod(nameof(ReturnAdapters.FromValueTask))!,
            ReturnShape.TaskOfResult => typeof(ReturnAdapters).GetMethod(nameof(ReturnAdapters.FromTaskOf))!.MakeGenericMethod(ResultType),
            ReturnShape.ValueTaskOfResult => typeof(ReturnAdapters).GetMethod(nameof(ReturnAdapters.FromValueTaskOf))!.MakeGenericMethod(ResultType),
            _ => typeof(ReturnAdapters).GetMethod(nameof(ReturnAdapters.FromStream))!,
        };
        return Expression.Lambda<Func<object, object?[], ValueTask<object?>>>(Expression.Call(adapter, call), target, arguments).Compile();
    }
}

/// <summary>Brings what grain methods return to one form. A method that returns null fails here, with its name in the trace.</summary>
internal static class ReturnAdapters
{
    public static ValueTask<object?> FromTask(Task task)
    {
        return task.IsCompletedSuccessfully ? default : Wait(task);
        static async ValueTask<object?> Wait(Task task)
        {
            await task;
            return null;
        }
    }

    public static ValueTask<object?> FromTaskOf<T>(Task<T> task)
    {
        return task.IsCompletedSuccessfully ? new(task.Result) : Wait(task);
        static async ValueTask<object?> Wait(Task<T> task) => await task;
    }

    public static ValueTask<object?> FromValueTask(ValueTask task) => FromTask(task.AsTask());

    public static ValueTask<object?> FromValueTaskOf<T>(ValueTask<T> task)
    {
        return task.IsCompletedSuccessfully ? new(task.Result) : Wait(task);
        static async ValueTask<object?> Wait(ValueTask<T> task) => await task;
    }

    public static ValueTask<object?> FromStream(object stream) => new(stream);
}
