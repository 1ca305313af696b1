using System.Text.Json;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What a line of a samples' file says of its item's scores. The texts, which are most of the line, are passed over.</summary>
/// <param name="Filter">The filter that the answer was taken by.</param>
/// <param name="Scores">Each metric with its number, or with a sum and what it is over; NaN where it has neither.</param>
internal sealed record ScoredSample(string Filter, IReadOnlyList<(string Metric, double Numerator, double Denominator)> Scores)
{
    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="KeyNotFoundException">It has no filter or no metrics.</exception>
    public static ScoredSample Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        string? filter = null;
        List<string>? metrics = null;
        var values = new Dictionary<string, (double Numerator, double Denominator)>(StringComparer.Ordinal);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a sample is no object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isFilter, isMetrics) = (reader.ValueTextEquals("filter"u8), reader.ValueTextEquals("metrics"u8));
            var name = reader;
            reader.Read();
            if (isFilter && reader.TokenType == JsonTokenType.String) filter = reader.GetString();
            else if (isMetrics && reader.TokenType == JsonTokenType.StartArray)
            {
                metrics = [];
                while (reader.Read() && reader.TokenType == JsonTokenType.String) metrics.Add(reader.GetString()!);
            }
            else if (reader.TokenType == JsonTokenType.Number) values[name.GetString()!] = (reader.GetDouble(), 1);
            else if (reader.TokenType == JsonTokenType.StartArray && Pair(reader) is { } pair)
            {
                values[name.GetString()!] = pair;
                reader.Skip();
            }
            else reader.Skip();
        }
        while (reader.Read()) { } // whatever follows must be JSON too
        if (filter is null || metrics is null) throw new KeyNotFoundException("a sample has no filter or no metrics");
        return new ScoredSample(filter, [.. metrics.Select(metric => values.TryGetValue(metric, out var value) ? (metric, value.Numerator, value.Denominator) : (metric, double.NaN, 1))]);
    }

    /// <summary>The two numbers of an array that holds two and nothing else; null of any other. The reader is a copy, which goes no further than that.</summary>
    private static (double, double)? Pair(Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number) return null;
        var first = reader.GetDouble();
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number) return null;
        var second = reader.GetDouble();
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? (first, second) : null;
    }
}
