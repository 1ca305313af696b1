using System.Runtime.CompilerServices;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>
/// Exceptions: type, message, stack trace, cause, and the members with an [Id] where the type is declared so. A type that the reader does not
/// know becomes a <see cref="WrappedException"/>. On local calls the object itself is passed on.
/// </summary>
internal sealed class ExceptionCodec<T> : Codec<T?>, IExceptionBody where T : Exception
{
    private ObjectLayout<T>? _layout;

    public override bool Shareable => true;

    private ObjectLayout<T> Layout => _layout ??= ObjectLayout<T>.Build();

    public override T? Copy(T? value, CopyContext context) => value;

    public override void Write(WireWriter writer, T? value)
    {
        if (value is null)
        {
            writer.WriteString(null);
            return;
        }
        if (value.GetType() != typeof(T))
        {
            Codecs.Get(value.GetType()).WriteBoxed(writer, value);
            return;
        }
        Nesting.Enter(writer, typeof(T));
        writer.WriteString(TypeNames.Of(typeof(T)));
        var block = writer.BeginBlock();
        writer.WriteString(value.Message);
        writer.WriteString(value.StackTrace);
        writer.WriteSigned(value.HResult);
        var causes = value is AggregateException many ? [.. many.InnerExceptions] : value.InnerException is { } cause ? new[] { cause } : [];
        CodecOf<Exception[]>.Instance.Write(writer, causes);
        Layout.WriteMembers(writer, ref value);
        writer.EndBlock(block);
        writer.Depth--;
    }

    public override T? Read(WireReader reader)
    {
        if (reader.ReadString() is not { } name) return null;
        var end = reader.EnterBlock();
        var parts = new ExceptionParts(reader.ReadString() ?? "", reader.ReadString(), (int)reader.ReadSigned(), CodecOf<Exception[]>.Instance.Read(reader));
        Exception exception = TypeNames.Resolve(name) is { } type && typeof(Exception).IsAssignableFrom(type)
            ? ((IExceptionBody)Codecs.Get(type)).Create(parts, reader)
            : parts.Fill(new WrappedException(parts.Message) { OriginalExceptionType = name });
        reader.LeaveBlock(end);
        return exception as T ?? throw new SerializerException($"a message holds a {name} where a {typeof(T).Name} belongs");
    }

    Exception IExceptionBody.Create(ExceptionParts parts, WireReader reader)
    {
        if (typeof(T) == typeof(AggregateException)) return parts.Fill(new AggregateException(parts.Message, parts.Causes ?? []));
        var exception = (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
        Layout.ReadMembers(reader, ref exception);
        return parts.Fill(exception);
    }
}

internal interface IExceptionBody
{
    Exception Create(ExceptionParts parts, WireReader reader);
}

/// <summary>What every exception has.</summary>
internal sealed record ExceptionParts(string Message, string? StackTrace, int HResult, Exception[]? Causes)
{
    /// <summary>Puts the parts in place; they have no setters, and constructors of exceptions follow no common form.</summary>
    public Exception Fill(Exception exception)
    {
        MessageOf(exception) = Message;
        exception.HResult = HResult;
        if (Causes is [var cause, ..]) CauseOf(exception) = cause;
        if (StackTrace is not null) RemoteTraceOf(exception) = StackTrace + Environment.NewLine + "--- thrown in the silo ---" + Environment.NewLine;
        return exception;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? MessageOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? CauseOf(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_remoteStackTraceString")]
    private static extern ref string? RemoteTraceOf(Exception exception);
}
