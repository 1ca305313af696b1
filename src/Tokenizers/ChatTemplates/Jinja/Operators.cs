using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Python's arithmetic on the values of templates.</summary>
internal static class Operators
{
    // A power with more bits would only cost memory.
    private const int MaxBits = 4096;

    /// <summary>a <paramref name="operation"/> b.</summary>
    public static object? Binary(string operation, object? a, object? b)
    {
        if (a is Undefined first) throw first.Error();
        if (b is Undefined second) throw second.Error();
        if (Python.Number(a) is { } x && Python.Number(b) is { } y) return x is BigInteger i && y is BigInteger j ? Whole(operation, i, j) : Real(operation, Python.ToDouble(x), Python.ToDouble(y));
        switch (operation)
        {
            case "+" when a is string s && b is string t:
                Rendering.CheckLength((long)s.Length + t.Length);
                return s + t;
            case "+" when a is List<object?> s && b is List<object?> t:
                Rendering.SpendItems((long)s.Count + t.Count);
                return (List<object?>)[.. s, .. t];
            case "+" when a is object?[] s && b is object?[] t:
                Rendering.SpendItems((long)s.Length + t.Length);
                return (object?[])[.. s, .. t];
            case "+" when a is string: throw new ChatTemplateException("TypeError", $"can only concatenate str (not \"{Python.TypeName(b)}\") to str");
            case "+" when a is List<object?>: throw new ChatTemplateException("TypeError", $"can only concatenate list (not \"{Python.TypeName(b)}\") to list");
            case "*" when Python.Number(b) is BigInteger n: return Repeat(a, n) ?? throw Unsupported(operation, a, b);
            case "*" when Python.Number(a) is BigInteger n: return Repeat(b, n) ?? throw Unsupported(operation, a, b);
            case "%" when a is string format: return Formats.Percent(format, b);
            default: throw Unsupported(operation, a, b);
        }
    }

    /// <summary>−value.</summary>
    public static object? Negate(object? value) => value is Undefined missing ? throw missing.Error() : Python.Number(value) switch
    {
        BigInteger number => -number, double number => -number, _ => throw new ChatTemplateException("TypeError", $"bad operand type for unary -: '{Python.TypeName(value)}'"),
    };

    /// <summary>+value.</summary>
    public static object? Plus(object? value)
        => value is Undefined missing ? throw missing.Error() : Python.Number(value) ?? throw new ChatTemplateException("TypeError", $"bad operand type for unary +: '{Python.TypeName(value)}'");

    /// <summary>a <paramref name="operation"/> b as a truth value.</summary>
    public static bool Compare(string operation, object? a, object? b)
    {
        Rendering.SpendOn(a);
        Rendering.SpendOn(b);
        return Holds(operation, a, b);
    }

    private static bool Holds(string operation, object? a, object? b) => operation switch
    {
        "==" => Python.AreEqual(a, b),
        "!=" => !Python.AreEqual(a, b),
        "<" => Ordered(a, b) && Python.Compare(a, b, operation) < 0,
        "<=" => Ordered(a, b) && Python.Compare(a, b, operation) <= 0,
        ">" => Ordered(a, b) && Python.Compare(a, b, operation) > 0,
        ">=" => Ordered(a, b) && Python.Compare(a, b, operation) >= 0,
        "in" => Python.Contains(b, a),
        _ => !Python.Contains(b, a),
    };

    // Nothing is less or more than NaN.
    private static bool Ordered(object? a, object? b) => a is not double.NaN && b is not double.NaN;

    private static object Whole(string operation, BigInteger a, BigInteger b)
    {
        if (operation is "/" or "//" or "%" && b.IsZero) throw new ChatTemplateException("ZeroDivisionError", operation == "/" ? "division by zero" : "integer modulo by zero");
        switch (operation)
        {
            case "+": return a + b;
            case "-": return a - b;
            case "*": return a * b;
            case "/": return (double)a / (double)b;
            case "//": return BigInteger.DivRem(a, b, out var rest) - (!rest.IsZero && rest.Sign != b.Sign ? 1 : 0);
            case "%":
                var remainder = BigInteger.Remainder(a, b);
                return !remainder.IsZero && remainder.Sign != b.Sign ? remainder + b : remainder;
            default:
                if (b.Sign < 0) return Math.Pow((double)a, (double)b);
                if (b > int.MaxValue || (double)b * a.GetBitLength() > MaxBits) throw new ChatTemplateException("OverflowError", $"{a} ** {b} is too large");
                return BigInteger.Pow(a, (int)b);
        }
    }

    private static object Real(string operation, double a, double b)
    {
        if (operation is "/" or "//" or "%" && b == 0) throw new ChatTemplateException("ZeroDivisionError", "float division by zero");
        return operation switch
        {
            "+" => a + b, "-" => a - b, "*" => a * b, "/" => a / b, "//" => Math.Floor(a / b), "%" => a - b * Math.Floor(a / b), _ => Math.Pow(a, b),
        };
    }

    private static object? Repeat(object? items, BigInteger times)
    {
        var n = (long)BigInteger.Max(0, BigInteger.Min(times, int.MaxValue));
        switch (items)
        {
            case string text:
                Rendering.CheckLength(text.Length * n);
                return string.Concat(Enumerable.Repeat(text, (int)n));
            case List<object?> list:
                Rendering.SpendItems(list.Count * n);
                return Enumerable.Repeat(list, (int)n).SelectMany(item => item).ToList();
            case object?[] tuple:
                Rendering.SpendItems(tuple.Length * n);
                return Enumerable.Repeat(tuple, (int)n).SelectMany(item => item).ToArray();
            default: return null;
        }
    }

    private static ChatTemplateException Unsupported(string operation, object? a, object? b)
        => new("TypeError", $"unsupported operand type(s) for {operation}: '{Python.TypeName(a)}' and '{Python.TypeName(b)}'");
}
