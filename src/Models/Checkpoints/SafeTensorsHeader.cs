using System.Buffers.Binary;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>One entry of a safetensors header; offsets are relative to the data section.</summary>
internal sealed record SafeTensorsEntry(string Name, StoredType Type, long[] Shape, long Begin, long End);

/// <summary>
/// The header of a safetensors file: an unsigned 64-bit length, then JSON that names every tensor with its type, shape and byte range.
/// Everything the format demands is checked here, so that a reader may trust the ranges.
/// </summary>
internal sealed class SafeTensorsHeader
{
    /// <summary>Bytes of the longest header, the format's own limit.</summary>
    private const int LongestHeader = 100_000_000;

    /// <summary>Most tensors of a file: the largest published model has a tenth of a million in all its shards.</summary>
    private const int MostTensors = 250_000;

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
        if (!ByteRange.IsWithin(8, (long)length, file.Length)) throw Bad($"the header is said to be {length} bytes but the file ends before (is the download complete?)");
        var text = file.Span(8, (int)length);
        if (text.Length == 0 || text[0] != (byte)'{') throw Bad("the header does not begin with '{'");

        List<SafeTensorsEntry> entries;
        Dictionary<string, string>? metadata;
        if (StrictJson.Check(text) is { } fault) throw Bad($"the header {fault}");
        try
        {
            (entries, metadata) = Parse(text);
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
        Dictionary<string, string>? metadata = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__") metadata = ParseMetadata(ref reader);
            else if (entries.Count < MostTensors) entries.Add(ParseEntry(name, ref reader));
            else throw new FormatException($"it has more than {MostTensors} tensors");
        }
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
            metadata.Add(key, reader.GetString()!);
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
                case "dtype" when reader.TokenType == JsonTokenType.String:
                    type = StoredType.Find(reader.GetString()!) ?? throw new FormatException($"tensor '{name}' has the unknown dtype '{reader.GetString()}'");
                    break;
                case "shape":
                    shape = Naturals(name, key, ref reader);
                    break;
                case "data_offsets":
                    offsets = Naturals(name, key, ref reader);
                    if (offsets.Length != 2) throw new FormatException($"tensor '{name}' has {offsets.Length} data_offsets instead of 2");
                    break;
                case "dtype":
                    throw new FormatException($"tensor '{name}': dtype is not a text");
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
            if (numbers.Count == StoredTensor.MostDimensions) throw new FormatException($"tensor '{name}': {key} has more than {StoredTensor.MostDimensions} numbers");
            numbers.Add(number);
        }
        return [.. numbers];
    }
}
