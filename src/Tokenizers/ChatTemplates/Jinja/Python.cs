using System.Globalization;
using System.Numerics;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Python's ideas of truth, equality, order, length and text, as far as templates see them.</summary>
internal static class Python
{
    /// <summary>Python's name of a value's type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType", bool => "bool", BigInteger => "int", double => "float", string => "str", List<object?> => "list", object?[] => "tuple",
        Mapping => "dict", Undefined => "Undefined", NumberRange => "range", Generator => "generator", Namespace => "Namespace", _ => "function",
    };

    /// <summary>Whether a value counts as true.</summary>
    public static bool Truth(object? value) => value switch
    {
        null => false, bool flag => flag, BigInteger number => !number.IsZero, double number => number != 0, string text => text.Length > 0, List<object?> items => items.Count > 0,
        object?[] items => items.Length > 0, Mapping mapping => mapping.Count > 0, Undefined { Type: "UndefinedError" } => false, Undefined refused => throw refused.Error(), NumberRange range => range.Count > 0, _ => true,
    };

    /// <summary>A truth value or a number as a number; null for anything else.</summary>
    public static object? Number(object? value) => value switch { bool flag => (BigInteger)(flag ? 1 : 0), BigInteger or double => value, _ => null };

    /// <summary>Python's ==.</summary>
    public static bool AreEqual(object? a, object? b)
    {
        if (Number(a) is { } x && Number(b) is { } y) return x is BigInteger i && y is BigInteger j ? i == j : ToDouble(x) == ToDouble(y);
        return (a, b) switch
        {
            (null, null) => true,
            (string s, string t) => s == t,
            (List<object?> s, List<object?> t) => s.Count == t.Count && s.Zip(t).All(pair => AreEqual(pair.First, pair.Second)),
            (object?[] s, object?[] t) => s.Length == t.Length && s.Zip(t).All(pair => AreEqual(pair.First, pair.Second)),
            (Mapping s, Mapping t) => s.Count == t.Count && s.All(entry => t.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)),
            (Undefined s, Undefined t) => s.Type == t.Type,
            _ => a is not null && b is not null && ReferenceEquals(a, b),
        };
    }

    /// <summary>Order of two values; an error where Python has none.</summary>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="operation">How the error names the comparison.</param>
    public static int Compare(object? a, object? b, string operation = "<")
    {
        if (a is Undefined missing) throw missing.Error();
        if (b is Undefined other) throw other.Error();
        if (Number(a) is { } x && Number(b) is { } y) return x is BigInteger i && y is BigInteger j ? i.CompareTo(j) : ToDouble(x).CompareTo(ToDouble(y));
        if (a is string s && b is string t) return CompareTexts(s, t);
        if (Items(a) is { } first && Items(b) is { } second && a!.GetType() == b!.GetType())
        {
            for (var n = 0; n < Math.Min(first.Count, second.Count); n++)
                if (!AreEqual(first[n], second[n])) return Compare(first[n], second[n], operation);
            return first.Count.CompareTo(second.Count);
        }
        throw new ChatTemplateException("TypeError", $"'{operation}' not supported between instances of '{TypeName(a)}' and '{TypeName(b)}'");

        static IReadOnlyList<object?>? Items(object? value) => value as List<object?> ?? (IReadOnlyList<object?>?)(value as object?[]);
    }

    /// <summary>The items that a loop goes through.</summary>
    public static IEnumerable<object?> Iterate(object? value) => Items(value).Select(static item =>
    {
        Rendering.SpendItems(1);
        return item;
    });

    private static IEnumerable<object?> Items(object? value) => value switch
    {
        List<object?> items => items,
        object?[] items => items,
        string text => text.EnumerateRunes().Select(rune => (object?)rune.ToString()),
        Mapping mapping => mapping.Select(entry => entry.Key.Value),
        NumberRange range => range.Items,
        Generator generator => generator.Items,
        Undefined { Type: "UndefinedError" } => [],
        Undefined refused => throw refused.Error(),
        _ => throw new ChatTemplateException("TypeError", $"'{TypeName(value)}' object is not iterable"),
    };

    /// <summary>Whether a loop can go through a value.</summary>
    public static bool IsIterable(object? value) => value is List<object?> or object?[] or string or Mapping or NumberRange or Generator or Undefined { Type: "UndefinedError" };

    /// <summary>Number of items, or of characters of a text.</summary>
    public static int Length(object? value) => value switch
    {
        string text => text.EnumerateRunes().Count(),
        List<object?> items => items.Count,
        object?[] items => items.Length,
        Mapping mapping => mapping.Count,
        NumberRange range => (int)range.Count,
        Undefined { Type: "UndefinedError" } => 0,
        _ => throw new ChatTemplateException("TypeError", $"object of type '{TypeName(value)}' has no len()"),
    };

    /// <summary>Whether a container holds an item.</summary>
    public static bool Contains(object? container, object? item) => container switch
    {
        string text => item is string part ? text.Contains(part, StringComparison.Ordinal)
            : throw new ChatTemplateException("TypeError", $"'in <string>' requires string as left operand, not {TypeName(item)}"),
        Mapping mapping => mapping.ContainsKey(new Key(item)),
        null or bool or BigInteger or double => throw new ChatTemplateException("TypeError", $"argument of type '{TypeName(container)}' is not iterable"),
        _ => Iterate(container).Any(other => AreEqual(item, other)),
    };

    /// <summary>A whole number that fits a place in a sequence.</summary>
    public static int Index(object? value) => Number(value) is BigInteger number ? (int)BigInteger.Max(int.MinValue + 1, BigInteger.Min(int.MaxValue - 1, number))
        : value is Undefined missing ? throw missing.Error() : throw new ChatTemplateException("TypeError", $"'{TypeName(value)}' object cannot be interpreted as an integer");

    /// <summary>A number as a double.</summary>
    public static double ToDouble(object number) => number is double d ? d : (double)(BigInteger)number;

    /// <summary>str(value).</summary>
    public static string Text(object? value) => value is string text ? text : value is Undefined missing ? missing.Type == "UndefinedError" ? "" : throw missing.Error() : Repr(value);

    /// <summary>repr(value).</summary>
    public static string Repr(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number => PythonValues.Repr(number),
        string text => Quote(text),
        List<object?> items => "[" + string.Join(", ", items.Select(Repr)) + "]",
        object?[] { Length: 1 } items => $"({Repr(items[0])},)",
        object?[] items => "(" + string.Join(", ", items.Select(Repr)) + ")",
        Mapping mapping => "{" + string.Join(", ", mapping.Select(entry => $"{Repr(entry.Key.Value)}: {Repr(entry.Value)}")) + "}",
        NumberRange { Step: 1 } range => string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop})"),
        NumberRange range => string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}, {range.Step})"),
        Undefined => "Undefined",
        Namespace space => "<Namespace " + Repr(space.Attributes) + ">",
        // Python would print an address, which no template means.
        Function function => throw new ChatTemplateException("TypeError", $"the function {function.Name} is printed instead of called"),
        _ => throw new ChatTemplateException("TypeError", $"a {TypeName(value)} object cannot be printed"),
    };

    /// <summary>Order of code points, which is not that of UTF-16 units beyond the first plane.</summary>
    public static int CompareTexts(string a, string b)
    {
        using var first = a.EnumerateRunes();
        using var second = b.EnumerateRunes();
        while (true)
        {
            var (more, other) = (first.MoveNext(), second.MoveNext());
            if (!more || !other) return more.CompareTo(other);
            if (first.Current != second.Current) return first.Current.CompareTo(second.Current);
        }
    }

    private static string Quote(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (var rune in text.EnumerateRunes())
            result.Append(rune.Value switch
            {
                '\\' => @"\\", '\n' => @"\n", '\r' => @"\r", '\t' => @"\t",
                var c when c == quote => "\\" + quote,
                < 32 or 127 => $"\\x{rune.Value:x2}",
                var c when !IsPrintable(rune) => c <= 0xFF ? $"\\x{c:x2}" : c <= 0xFFFF ? $"\\u{c:x4}" : $"\\U{c:x8}",
                _ => rune.ToString(),
            });
        return result.Append(quote).ToString();
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
