using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace AlpacaCot.Worker.Protocol;

/// <summary>Framing of the worker protocol: a little-endian 32-bit length, then that many bytes of UTF-8 JSON.</summary>
public static class Frames
{
    /// <summary>Version of the protocol; supervisor and worker refuse another one.</summary>
    public const int Version = 3;

    /// <summary>Largest frame, 16 MiB. Weights and datasets travel as paths, never in a frame.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>
    /// How messages are written as JSON: camel case, nulls left out, numbers that are no numbers as names. What is read must have every value that
    /// its type promises.
    /// </summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        AllowOutOfOrderMetadataProperties = true,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { WholeMessages.Require } },
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes one message.</summary>
    /// <exception cref="ProtocolException">The message is larger than <see cref="MaxBytes"/>, or cannot be written at all. Nothing of it was sent, and the stream can be used further.</exception>
    public static async Task WriteAsync<T>(Stream stream, T message, CancellationToken cancellationToken)
    {
        byte[] body;
        try
        {
            body = JsonSerializer.SerializeToUtf8Bytes(message, Json);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or InvalidOperationException or JsonException)
        {
            throw new ProtocolException($"a {message?.GetType().Name} cannot be sent: {e.Message}", e);
        }
        if (body.Length > MaxBytes) throw new ProtocolException($"a {message?.GetType().Name} of {body.Length >> 20} MiB is over the {MaxBytes >> 20} MiB that a message between processes may have");
        var frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        body.CopyTo(frame, 4);
        await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one message, or null when the peer has closed.</summary>
    /// <exception cref="ProtocolException">The frame is cut, too large or no message of this type.</exception>
    public static async Task<T?> ReadAsync<T>(Stream stream, CancellationToken cancellationToken) where T : class
    {
        var header = new byte[4];
        var got = await stream.ReadAtLeastAsync(header, 4, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (got == 0) return null;
        if (got < 4) throw new ProtocolException("the connection ended inside a frame's header");
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is < 2 or > MaxBytes) throw new ProtocolException($"a frame of {length} bytes is not between 2 and {MaxBytes}");
        var body = new byte[length];
        got = await stream.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (got < length) throw new ProtocolException($"the connection ended after {got} of {length} bytes of a frame");
        try
        {
            return JsonSerializer.Deserialize<T>(body, Json) ?? throw new ProtocolException($"a frame holds null instead of a {typeof(T).Name}");
        }
        // Text that is no text and keys that stand twice come as other exceptions than JSON's own.
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new ProtocolException($"a frame is no {typeof(T).Name}{(e is JsonException { Path: { Length: > 0 } path } ? $" (at {path})" : "")}", e);
        }
    }
}

/// <summary>The peer does not speak this protocol, or broke off inside a message.</summary>
public sealed class ProtocolException : IOException
{
    /// <summary>Creates the exception.</summary>
    public ProtocolException(string message, Exception? inner = null) : base(message, inner) { }
}
