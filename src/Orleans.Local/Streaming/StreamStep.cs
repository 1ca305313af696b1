using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Serialization;

namespace AlpacaCot.LocalSilo.Streaming;

internal enum StreamVerb : byte
{
    Start,
    Next,
    Dispose,
}

/// <summary>One pull on a stream: which enumeration, what to do, and how many ready items may come at once.</summary>
internal sealed record StreamStep(Guid Id, StreamVerb Verb, int BatchSize);

internal enum StreamStatus : byte
{
    /// <summary>No item yet; pull again.</summary>
    Heartbeat,
    /// <summary>Items, and perhaps more later.</summary>
    Items,
    /// <summary>The last items.</summary>
    Completed,
}

/// <summary>What a pull gave. Items are an array of the stream's type.</summary>
internal sealed record StreamReply(StreamStatus Status, Array? Items)
{
    public static readonly StreamReply Heartbeat = new(StreamStatus.Heartbeat, null);

    public static readonly StreamReply Ended = new(StreamStatus.Completed, null);

    public static object? Copy(MethodShape method, object? reply)
        => reply is StreamReply { Items: { } items } full && !method.ResultCodec.Shareable ? full with { Items = (Array)ItemsCodec(method).CopyBoxed(items, new CopyContext())! } : reply;

    public static Codec ItemsCodec(MethodShape method) => Codecs.Get(method.ResultType.MakeArrayType());
}
