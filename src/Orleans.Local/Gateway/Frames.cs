using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Serialization;
using AlpacaCot.LocalSilo.Streaming;

namespace AlpacaCot.LocalSilo.Gateway;

internal enum FrameKind : byte
{
    Hello = 1,
    Welcome = 2,
    Call = 3,
    Cancel = 4,
    Result = 5,
    Error = 6,
}

/// <summary>
/// The frames on a gateway's socket: length of what follows (4 bytes, little-endian), kind (1), content. Requests carry a number that their
/// response and their cancellation repeat, so any number of them may be under way at once.
/// </summary>
internal static class Frames
{
    /// <summary>Both ends must speak the same version.</summary>
    public const int Version = 1;

    public const int HeaderSize = 4;

    public static WireWriter Begin(FrameKind kind)
    {
        var writer = new WireWriter();
        writer.BeginBlock();
        writer.WriteByte((byte)kind);
        return writer;
    }

    /// <summary>Fills in the length and refuses a frame that is too large, here where only one call suffers.</summary>
    public static WireWriter End(WireWriter writer, int largest, string what)
    {
        if (writer.Length - HeaderSize > largest)
        {
            var size = writer.Length;
            writer.Dispose();
            throw new OrleansMessageRejectionException($"{what} has {size:N0} bytes, more than MaxMessageBodySize ({largest:N0}): send such data by file");
        }
        writer.EndBlock(HeaderSize);
        return writer;
    }

    public static WireWriter Call(Request request, int largest)
    {
        var writer = Begin(FrameKind.Call);
        try
        {
            writer.WriteVarint((ulong)request.WireId);
            writer.WriteString(request.Target.ToString());
            writer.WriteString(request.Method.Owner.Name);
            writer.WriteString(request.Method.WireName);
            writer.WriteByte(request is OneWayRequest ? (byte)1 : (byte)0);
            WriteStep(writer, request.Step);
            WriteContext(writer, request.Values);
            if (request.Step is not { Verb: not StreamVerb.Start }) WriteArguments(writer, request.Method, request.Arguments);
            return End(writer, largest, $"a request of {request.Method.Readable}");
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public static WireWriter Cancel(long id)
    {
        var writer = Begin(FrameKind.Cancel);
        writer.WriteVarint((ulong)id);
        writer.EndBlock(HeaderSize);
        return writer;
    }

    public static WireWriter Result(long id, MethodShape method, bool stream, object? result, int largest)
    {
        var writer = Begin(FrameKind.Result);
        try
        {
            writer.WriteVarint((ulong)id);
            if (stream) WriteReply(writer, method, (StreamReply)result!);
            else if (method.HasResult) method.ResultCodec.WriteBoxed(writer, result);
            return End(writer, largest, $"the result of {method.Readable}");
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    public static WireWriter Error(long id, Exception exception)
    {
        var writer = Begin(FrameKind.Error);
        writer.WriteVarint((ulong)id);
        CodecOf<Exception>.Instance.Write(writer, exception);
        writer.EndBlock(HeaderSize);
        return writer;
    }

    public static object? ReadResult(WireReader reader, MethodShape method, bool stream)
        => stream ? ReadReply(reader, method) : method.HasResult ? method.ResultCodec.ReadBoxed(reader) : null;

    public static object?[] ReadArguments(WireReader reader, MethodShape method)
    {
        var count = (int)reader.ReadVarint();
        var expected = method.ParameterCount - (method.TokenIndex >= 0 ? 1 : 0);
        if (count != expected) throw new SerializerException($"{method.Readable} takes {expected} arguments here, but the message has {count}");
        var arguments = new object?[method.ParameterCount];
        for (var i = 0; i < arguments.Length; i++)
            if (method.ArgumentCodecs[i] is { } codec) arguments[i] = codec.ReadBoxed(reader);
        return arguments;
    }

    public static StreamStep? ReadStep(WireReader reader)
    {
        var marker = reader.ReadByte();
        return marker == 0 ? null : new StreamStep(CodecOf<Guid>.Instance.Read(reader), (StreamVerb)(marker - 1), (int)reader.ReadVarint());
    }

    public static RequestContext.Values? ReadContext(WireReader reader)
    {
        var count = (int)reader.ReadVarint();
        if (count == 0) return null;
        var map = RequestContext.Values.Empty.Map.ToBuilder();
        for (var i = 0; i < count; i++) map[reader.ReadString()!] = CodecOf<object>.Instance.Read(reader);
        return RequestContext.Values.Empty with { Map = map.ToImmutable() };
    }

    private static void WriteArguments(WireWriter writer, MethodShape method, object?[] arguments)
    {
        // The token does not travel, and so a method may gain or lose it.
        writer.WriteVarint((ulong)(method.ParameterCount - (method.TokenIndex >= 0 ? 1 : 0)));
        for (var i = 0; i < arguments.Length; i++) method.ArgumentCodecs[i]?.WriteBoxed(writer, arguments[i]);
    }

    private static void WriteStep(WireWriter writer, StreamStep? step)
    {
        writer.WriteByte(step is null ? (byte)0 : (byte)(step.Verb + 1));
        if (step is null) return;
        CodecOf<Guid>.Instance.Write(writer, step.Id);
        writer.WriteVarint((ulong)step.BatchSize);
    }

    private static void WriteContext(WireWriter writer, RequestContext.Values? values)
    {
        writer.WriteVarint((ulong)(values?.Map.Count ?? 0));
        foreach (var (key, value) in values?.Map ?? RequestContext.Values.Empty.Map)
        {
            writer.WriteString(key);
            CodecOf<object>.Instance.Write(writer, value);
        }
    }

    private static void WriteReply(WireWriter writer, MethodShape method, StreamReply reply)
    {
        writer.WriteByte((byte)reply.Status);
        StreamReply.ItemsCodec(method).WriteBoxed(writer, reply.Items);
    }

    private static StreamReply ReadReply(WireReader reader, MethodShape method)
        => new((StreamStatus)reader.ReadByte(), (Array?)StreamReply.ItemsCodec(method).ReadBoxed(reader));
}
