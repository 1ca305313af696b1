using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using AlpacaCot.Data.Importing;
using Apache.Arrow;
using Apache.Arrow.Arrays;
using Apache.Arrow.Types;

namespace AlpacaCot.Data.Formats;

/// <summary>
/// Arrow's values as JSON: numbers and texts as they are, NaN and infinities as texts, bytes as <c>{"base64": …}</c>, decimals and times as texts (times as ISO 8601),
/// maps as lists of pairs, dictionaries as their values.
/// </summary>
internal static class ArrowValues
{
    /// <summary>Writes one value.</summary>
    /// <exception cref="RowException">A text is not UTF-8.</exception>
    public static void Write(Utf8JsonWriter json, IArrowArray array, int row)
    {
        if (array.IsNull(row) || array is NullArray)
        {
            json.WriteNullValue();
            return;
        }
        switch (array)
        {
            case StringArray text: json.WriteStringValue(Text(text.GetBytes(row))); break;
            case LargeStringArray text: json.WriteStringValue(Text(text.GetBytes(row))); break;
            case StringViewArray text: json.WriteStringValue(Text(text.GetBytes(row))); break;
            case BooleanArray value: json.WriteBooleanValue(value.GetValue(row)!.Value); break;
            case Int8Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case Int16Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case Int32Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case Int64Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case UInt8Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case UInt16Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case UInt32Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case UInt64Array value: json.WriteNumberValue(value.GetValue(row)!.Value); break;
            case HalfFloatArray value: Real(json, (double)value.GetValue(row)!.Value); break;
            case FloatArray value: Real(json, value.GetValue(row)!.Value); break;
            case DoubleArray value: Real(json, value.GetValue(row)!.Value); break;
            case Decimal32Array value: json.WriteStringValue(value.GetString(row)); break;
            case Decimal64Array value: json.WriteStringValue(value.GetString(row)); break;
            case Decimal128Array value: json.WriteStringValue(Scaled(value.GetString(row)!, value.Scale)); break;
            case Decimal256Array value: json.WriteStringValue(Scaled(value.GetString(row)!, value.Scale)); break;
            case FixedSizeBinaryArray value: Bytes(json, value.GetBytes(row)); break;
            case BinaryArray value: Bytes(json, value.GetBytes(row)); break;
            case LargeBinaryArray value: Bytes(json, value.GetBytes(row)); break;
            case BinaryViewArray value: Bytes(json, value.GetBytes(row)); break;
            case Date32Array value: json.WriteStringValue(ArrowTimes.Date(value.GetValue(row)!.Value)); break;
            case Date64Array value: json.WriteStringValue(ArrowTimes.Date(value.GetValue(row)!.Value / 86_400_000)); break;
            case Time32Array value: json.WriteStringValue(ArrowTimes.OfDay(value.GetValue(row)!.Value, ((Time32Type)value.Data.DataType).Unit)); break;
            case Time64Array value: json.WriteStringValue(ArrowTimes.OfDay(value.GetValue(row)!.Value, ((Time64Type)value.Data.DataType).Unit)); break;
            case TimestampArray value: json.WriteStringValue(ArrowTimes.Instant(value.GetValue(row)!.Value, (TimestampType)value.Data.DataType)); break;
            case DurationArray value: json.WriteStringValue(ArrowTimes.Span(value.GetValue(row)!.Value, ((DurationType)value.Data.DataType).Unit)); break;
            case DictionaryArray value: Write(json, value.Dictionary, Index(value.Indices, row)); break;
            case MapArray value: Pairs(json, value, row); break;
            case ListArray value: List(json, value.GetSlicedValues(row)); break;
            case LargeListArray value: List(json, value.GetSlicedValues(row)); break;
            case ListViewArray value: List(json, value.GetSlicedValues(row)); break;
            case FixedSizeListArray value: List(json, value.GetSlicedValues(row)); break;
            case StructArray value: Struct(json, value, row); break;
            default: throw new DatasetException($"values of Arrow's type {array.Data.DataType.Name} are no rows of text");
        }
    }

    /// <summary>Writes the fields of one row as an object.</summary>
    public static void WriteRow(Utf8JsonWriter json, IReadOnlyList<string> names, IReadOnlyList<IArrowArray> columns, int row)
    {
        json.WriteStartObject();
        for (var i = 0; i < names.Count; i++)
        {
            json.WritePropertyName(names[i]);
            Write(json, columns[i], row);
        }
        json.WriteEndObject();
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes)
        : throw new RowException($"has a text that is not valid UTF-8{(OtherEncodings.Guess(bytes) is { } guess ? $"; it reads as {guess}" : "")}");

    private static void Real(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }

    private static void Bytes(Utf8JsonWriter json, ReadOnlySpan<byte> bytes)
    {
        json.WriteStartObject();
        json.WriteBase64String("base64", bytes);
        json.WriteEndObject();
    }

    /// <summary>A decimal with all the places of its type: the library leaves zeros at the end away.</summary>
    private static string Scaled(string text, int scale)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var places = point < 0 ? 0 : text.Length - point - 1;
        return places >= scale ? text : $"{text}{(point < 0 ? "." : "")}{new string('0', scale - places)}";
    }

    private static void List(Utf8JsonWriter json, IArrowArray values)
    {
        json.WriteStartArray();
        for (var i = 0; i < values.Length; i++) Write(json, values, i);
        json.WriteEndArray();
    }

    private static void Pairs(Utf8JsonWriter json, MapArray map, int row)
    {
        var entries = (StructArray)map.GetSlicedValues(row);
        json.WriteStartArray();
        for (var i = 0; i < entries.Length; i++)
        {
            json.WriteStartArray();
            Write(json, entries.Fields[0], i);
            Write(json, entries.Fields[1], i);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void Struct(Utf8JsonWriter json, StructArray value, int row)
    {
        var fields = ((StructType)value.Data.DataType).Fields;
        WriteRow(json, [.. fields.Select(field => field.Name)], value.Fields, row);
    }

    private static int Index(IArrowArray indices, int row) => indices switch
    {
        Int8Array value => value.GetValue(row)!.Value,
        Int16Array value => value.GetValue(row)!.Value,
        Int32Array value => value.GetValue(row)!.Value,
        Int64Array value => checked((int)value.GetValue(row)!.Value),
        UInt8Array value => value.GetValue(row)!.Value,
        UInt16Array value => value.GetValue(row)!.Value,
        UInt32Array value => checked((int)value.GetValue(row)!.Value),
        _ => throw new DatasetException(string.Create(CultureInfo.InvariantCulture, $"a dictionary has indices of the type {indices.Data.DataType.Name}")),
    };
}
