using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Parsing;

/// <summary>YAML's core schema for plain scalars: whole numbers, numbers, flags.</summary>
internal static class Scalars
{
    public static bool TryInteger(string text, out long value)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public static bool TryNumber(string text, out double value)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        value = 0;
        // Double.Parse would take the words NaN and Infinity, which are never meant here.
        return text.Length > 0 && (char.IsAsciiDigit(text[^1]) || text[^1] == '.') && double.TryParse(
            text, Style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }

    public static bool TryFlag(string text, out bool value)
    {
        value = text is "true" or "True" or "TRUE";
        return value || text is "false" or "False" or "FALSE";
    }

    /// <summary>A node as JSON, for options whose owner is another room.</summary>
    public static JsonElement ToJson(YamlNode node) => JsonSerializer.SerializeToElement(Tree(node));

    private static JsonNode? Tree(YamlNode node) => node switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key.Value, Tree(e.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(Tree)]),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Plain: true } scalar when TryInteger(scalar.Value, out var whole) => JsonValue.Create(whole),
        YamlScalar { Plain: true } scalar when TryNumber(scalar.Value, out var number) => JsonValue.Create(number),
        YamlScalar { Plain: true } scalar when TryFlag(scalar.Value, out var flag) => JsonValue.Create(flag),
        YamlScalar scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };
}
