using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace AlpacaCot.Files.Json;

/// <summary>One pass over a JSON text that stops at the first fault. It builds nothing: what it holds are the keys of the objects that are open.</summary>
internal ref struct JsonScan(ReadOnlySpan<byte> text, int deepest)
{
    /// <summary>Sets of keys larger than this are not used again: clearing one costs its size, and a file may have many small objects after a large one.</summary>
    private const int LargestKept = 256;

    private readonly ReadOnlySpan<byte> _text = text;

    public readonly JsonFault? Run()
    {
        if (!Utf8.IsValid(_text)) return NotUtf8();
        var reader = new Utf8JsonReader(_text, new JsonReaderOptions { MaxDepth = deepest });
        var keys = new List<HashSet<string>>();      // of the open object at each depth
        var names = new List<string?>();             // the key that is being read at each depth
        var values = 0;
        try
        {
            while (reader.Read())
            {
                if (++values > StrictJson.MostValues) return Fault(JsonFaultKind.TooManyValues, string.Create(CultureInfo.InvariantCulture, $"has more than {StrictJson.MostValues:N0} values"), reader);
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        Open(keys, names, reader.CurrentDepth);
                        break;
                    case JsonTokenType.PropertyName:
                        if (HasHalfPair(reader)) return Fault(JsonFaultKind.NoText, "a key is not valid text: it holds half a surrogate pair", reader);
                        var name = reader.GetString()!;
                        if (!keys[reader.CurrentDepth - 1].Add(name)) return Fault(JsonFaultKind.KeyTwice, $"has the key {Shown(name)} twice; keep one", reader);
                        names[reader.CurrentDepth - 1] = name;
                        break;
                    case JsonTokenType.String when HasHalfPair(reader):
                        return Fault(JsonFaultKind.NoText, $"{Under(names, reader) ?? "a text"} is not valid text: it holds half a surrogate pair", reader);
                    case JsonTokenType.Number when !(reader.TryGetDouble(out var number) && double.IsFinite(number)):
                        return Fault(JsonFaultKind.NumberTooLarge, $"{Under(names, reader) ?? "a value"} is a number beyond what can be held", reader);
                }
            }
            return null;
        }
        catch (JsonException e)
        {
            var kind = JsonProblem.IsTooDeep(e) ? JsonFaultKind.TooDeep : JsonProblem.EndsEarly(e) ? JsonFaultKind.EndsEarly : JsonFaultKind.Syntax;
            var what = kind == JsonFaultKind.TooDeep ? $"is nested deeper than {deepest} levels" : $"is not valid JSON: {JsonProblem.Describe(e)}";
            return new JsonFault(kind, what, (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1);
        }
    }

    /// <summary>The key that the current value stands under.</summary>
    private static string? Under(List<string?> names, in Utf8JsonReader reader) => names.Take(reader.CurrentDepth).LastOrDefault(key => key is not null) is { } key ? Shown(key) : null;

    /// <summary>A name from the file for a message: short, on one line.</summary>
    private static string Shown(string name)
    {
        const int Longest = 60;
        var visible = string.Concat(name.Take(Longest).Select(c => char.IsControl(c) ? '\uFFFD' : c));
        return name.Length > Longest ? visible + "…" : visible;
    }

    private static void Open(List<HashSet<string>> keys, List<string?> names, int depth)
    {
        if (depth == keys.Count)
        {
            keys.Add(new HashSet<string>(StringComparer.Ordinal));
            names.Add(null);
            return;
        }
        if (keys[depth].Count > LargestKept) keys[depth] = new HashSet<string>(StringComparer.Ordinal);
        else keys[depth].Clear();
        names[depth] = null;
    }

    // The reader has checked that four hexadecimal digits follow each \u, but not that the halves of pairs stand together.
    private static bool HasHalfPair(in Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return false;
        var raw = reader.ValueSpan;
        var high = false;
        for (var at = 0; at < raw.Length; at++)
        {
            var unit = 0;
            if (raw[at] == (byte)'\\' && raw[++at] == (byte)'u')
            {
                unit = int.Parse(raw.Slice(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                at += 4;
            }
            var low = unit is >= 0xDC00 and <= 0xDFFF;
            if (high != low) return true;
            high = unit is >= 0xD800 and <= 0xDBFF;
        }
        return high;
    }

    private readonly JsonFault Fault(JsonFaultKind kind, string what, in Utf8JsonReader reader)
    {
        var before = _text[..(int)reader.TokenStartIndex];
        return new JsonFault(kind, what, before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'));
    }

    private readonly JsonFault NotUtf8()
    {
        var line = 1;
        var begin = 0;
        for (var at = 0; ;)
        {
            if (System.Text.Rune.DecodeFromUtf8(_text[at..], out var rune, out var length) != System.Buffers.OperationStatus.Done)
                return new JsonFault(JsonFaultKind.NotUtf8, string.Create(CultureInfo.InvariantCulture, $"is not UTF-8: the byte 0x{_text[at]:X2} is no part of a character; save it as UTF-8"), line, at - begin + 1);
            at += length;
            if (rune.Value == '\n') (line, begin) = (line + 1, at);
        }
    }
}
