namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the arithmetic generator's options: <c>operations, digits, style, count, noise, paper, split, without, signed, decimals</c>.</summary>
internal static class GoatParser
{
    /// <summary>The key of a source.</summary>
    public const string Key = SourceSpec.GoatName;

    public static GoatOptions? Goat(MapReader source)
    {
        if (source.Node(Key) is not { } node) return null;
        if (node is not YamlMap)
        {
            source.Error(Key, $"must be a mapping of options, and is {MapReader.Kind(node)}", "write goat: { digits: [1, 3] }");
            return null;
        }
        return Read(new MapReader(node, source.At(Key), source.Log));
    }

    /// <summary>Reads the options from a mapping of their own.</summary>
    public static GoatOptions Read(MapReader reader)
    {
        var otherwise = new GoatOptions();
        var (low, high) = Digits(reader) ?? (otherwise.MinDigits, otherwise.MaxDigits);
        var options = new GoatOptions
        {
            Operations = reader.Choices("operations", Words.Operations) ?? otherwise.Operations,
            MinDigits = low,
            MaxDigits = high,
            Style = reader.Choice("style", Words.Styles) ?? otherwise.Style,
            Count = reader.Integer("count", 1),
            Noise = reader.Flag("noise") ?? otherwise.Noise,
            Paper = reader.Flag("paper") ?? otherwise.Paper,
            Split = reader.Choice("split", Words.Splits) ?? otherwise.Split,
            Without = reader.Choices("without", Words.Steps) ?? otherwise.Without,
            Signed = reader.Flag("signed") ?? otherwise.Signed,
            Decimals = reader.Integer("decimals", 0) ?? otherwise.Decimals,
        };
        reader.Finish();
        if (options.Paper)
            foreach (var key in (IEnumerable<string>)["operations", "digits", "signed", "decimals"])
                if (reader.Has(key)) reader.Error(key, "has no effect on the published table", "remove it, or paper: true");
        if (options.Style == GoatStyle.Direct && options.Without.Count > 0) reader.Error("without", "leaves steps out of worked answers, and style: direct has none", "remove it, or write style: goat");
        return options;
    }

    /// <summary>A number of digits, or a list of the fewest and the most.</summary>
    private static (int Low, int High)? Digits(MapReader reader)
    {
        if (!reader.Has("digits")) return reader.Node("digits") is null ? null : default;
        var numbers = reader.Integers("digits", 1, GoatOptions.DigitLimit);
        if (numbers is null) return null;
        if (numbers is [var one]) return (one, one);
        if (numbers is [var low, var high] && low <= high) return (low, high);
        reader.Error("digits", $"must be a number of digits, or the fewest and the most of 1 to {GoatOptions.DigitLimit}", "write digits: [1, 5]");
        return null;
    }
}
