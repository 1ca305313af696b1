using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>One entry of a safetensors header; offsets are relative to the data section.</summary>
internal sealed record SafeTensorsEntry(string Name, StoredType Type, long[] Shape, long Begin, long End);

/// <summary>
/// The header of a safetensors file: an unsigned 64-bit length, then JSON that names every tensor with its type, shape and byte range.
/// Everything the format demands is checked here, so that a reader may trust the ranges.
/// </summary>
internal sealed class SafeTensorsHeader
{
    private const long LongestHeader = 100_000_000;

    private SafeTensorsHeader(long dataStart, List<SafeTensorsEntry> entries, Dictionary<string, string>? metadata)
    {
        DataStart = dataStart;
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>Offset of the data section in the file.</summary>
    public long DataStart { get; }

    /// <summary>The entries in header order.</summary>
    public IReadOnlyList<SafeTensorsEntry> Entries { get; }

    /// <summary>The <c>__metadata__</c> map; null where there is none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; }

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="ModelException">The file breaks a rule of the format.</exception>
    public static SafeTensorsHeader Read(MappedFile file)
    {
        ModelException Bad(string cause, Exception? inner = null) => new($"{file.Path}: not a valid safetensors file: {cause}", inner);

        if (file.Length < 8) throw Bad($"{file.Length} bytes are too few for a header (is the download complete?)");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, 8));
        if (length > LongestHeader) throw Bad($"header length {length} exceeds {LongestHeader}");
        if (8 + (long)length > file.Length) throw Bad($"the header is said to be {length} bytes but the file ends before (is the download complete?)");
        var text = file.Span(8, (int)length);
        if (text.Length == 0 || text[0] != (byte)'{') throw Bad("the header does not begin with '{'");

        List<SafeTensorsEntry> entries;
        Dictionary<string, string>? metadata;
        try
        {
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(text);
            (entries, metadata) = Parse(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw Bad($"the header is not valid JSON: {e.Message}", e);
        }
        catch (FormatException e)
        {
            throw Bad(e.Message, e);
        }
        CheckRanges(entries, file.Length - 8 - (long)length, Bad);
        return new SafeTensorsHeader(8 + (long)length, entries, metadata);
    }

    /// <summary>Number of bytes of a tensor.</summary>
    /// <exception cref="FormatException">The product of the shape overflows, or is no whole number of bytes.</exception>
    public static long ByteCount(string name, StoredType type, IEnumerable<long> shape)
    {
        UInt128 bits = (uint)type.Bits;
        var overflow = false;
        foreach (var size in shape)
        {
            bits *= (ulong)size;
            overflow |= bits > (UInt128)long.MaxValue * 8;
            if (overflow && size != 0) throw new FormatException($"tensor '{name}': the product of its shape overflows");
        }
        if (bits % 8 != 0) throw new FormatException($"tensor '{name}': {bits} bits are no whole number of bytes");
        return (long)(bits / 8);
    }

    private static void CheckRanges(List<SafeTensorsEntry> entries, long dataLength, Func<string, Exception?, ModelException> bad)
    {
        long at = 0;
        foreach (var entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin > entry.End) throw bad($"tensor '{entry.Name}' begins at {entry.Begin} after its end {entry.End}", null);
            if (entry.Begin != at) throw bad($"tensor '{entry.Name}' begins at {entry.Begin} where {at} is due ({(entry.Begin < at ? "overlap" : "hole")})", null);
            if (entry.End > dataLength) throw bad($"tensor '{entry.Name}' ends at byte {entry.End} of {dataLength} (is the download complete?)", null);
            var expected = ByteCount(entry);
            if (entry.End - entry.Begin != expected)
                throw bad($"tensor '{entry.Name}' {entry.Type} [{string.Join(", ", entry.Shape)}] takes {expected} bytes, its offsets give {entry.End - entry.Begin}", null);
            at = entry.End;
        }
        if (at != dataLength) throw bad($"{dataLength - at} bytes after the last tensor belong to none", null);

        long ByteCount(SafeTensorsEntry entry)
        {
            try { return SafeTensorsHeader.ByteCount(entry.Name, entry.Type, entry.Shape); }
            catch (FormatException e) { throw bad(e.Message, e); }
        }
    }

    private static (List<SafeTensorsEntry>, Dictionary<string, string>?) Parse(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        var entries = new List<SafeTensorsEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!names.Add(name)) throw new FormatException($"the name '{name}' occurs twice");
            reader.Read();
            if (name == "__metadata__") metadata = ParseMetadata(ref reader);
            else entries.Add(ParseEntry(name, ref reader));
        }
        if (reader.Read()) throw new FormatException("text follows the header");
        return (entries, metadata);
    }

    private static Dictionary<string, string> ParseMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new FormatException("__metadata__ is not an object");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw new FormatException($"__metadata__ '{key}' is not a string");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw new FormatException($"__metadata__ '{key}' occurs twice");
        }
        return metadata;
    }

    private static SafeTensorsEntry ParseEntry(string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new FormatException($"tensor '{name}' is not an object");
        StoredType? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null && reader.TokenType == JsonTokenType.String:
                    type = StoredType.Find(reader.GetString()!) ?? throw new FormatException($"tensor '{name}' has the unknown dtype '{reader.GetString()}'");
                    break;
                case "shape" when shape is null:
                    shape = Naturals(name, key, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = Naturals(name, key, ref reader);
                    if (offsets.Length != 2) throw new FormatException($"tensor '{name}' has {offsets.Length} data_offsets instead of 2");
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw new FormatException($"tensor '{name}': bad or repeated {key}");
                default:
                    reader.Skip();
                    break;
            }
        }
        if (type is null || shape is null || offsets is null)
            throw new FormatException($"tensor '{name}' lacks {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        return new SafeTensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    private static long[] Naturals(string name, string key, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new FormatException($"tensor '{name}': {key} is not a list");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw new FormatException($"tensor '{name}': {key} must hold integers from 0");
            numbers.Add(number);
        }
        return [.. numbers];
    }
}
