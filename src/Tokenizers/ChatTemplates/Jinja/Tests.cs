using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>What may stand behind <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<object?, CallArguments, bool>> _tests = new(StringComparer.Ordinal)
    {
        ["defined"] = (v, _) => v is not Undefined,
        ["undefined"] = (v, _) => v is Undefined,
        ["none"] = (v, _) => v is null,
        ["boolean"] = (v, _) => v is bool,
        ["true"] = (v, _) => v is true,
        ["false"] = (v, _) => v is false,
        ["integer"] = (v, _) => v is BigInteger,
        ["float"] = (v, _) => v is double,
        ["number"] = (v, _) => v is bool or BigInteger or double,
        ["string"] = (v, _) => v is string,
        ["mapping"] = (v, _) => v is Mapping,
        ["sequence"] = (v, _) => v is string or List<object?> or object?[] or Mapping or NumberRange or Undefined,
        ["iterable"] = (v, _) => Python.IsIterable(v),
        ["callable"] = (v, _) => v is Function or LoopState,
        ["odd"] = (v, _) => Python.AreEqual(Operators.Binary("%", v, (BigInteger)2), BigInteger.One),
        ["even"] = (v, _) => Python.AreEqual(Operators.Binary("%", v, (BigInteger)2), BigInteger.Zero),
        ["divisibleby"] = (v, a) => Python.AreEqual(Operators.Binary("%", v, a.Get(0, "num")), BigInteger.Zero),
        ["sameas"] = (v, a) => (v, a.Get(0, "other")) is var (x, y) && (x, y) is (null, null) or (bool, bool) or (BigInteger, BigInteger) or (string, string) ? Equals(x, y) : ReferenceEquals(v, a.Get(0, "other")),
        ["lower"] = (v, _) => Cased(v) && PythonText.Lower(Python.Text(v)) == Python.Text(v),
        ["upper"] = (v, _) => Cased(v) && PythonText.Upper(Python.Text(v)) == Python.Text(v),
        ["in"] = (v, a) => Python.Contains(a.Get(0, "seq"), v),
        ["filter"] = (v, _) => v is string name && Filters.Find(name) is not null,
        ["test"] = (v, _) => v is string name && Find(name) is not null,
        // Nothing is escaped by itself in a chat template.
        ["escaped"] = (_, _) => false,
    };

    static Tests()
    {
        foreach (var (operation, names) in new (string, string[])[] { ("==", ["==", "eq", "equalto"]), ("!=", ["!=", "ne"]), (">", [">", "gt", "greaterthan"]), (">=", [">=", "ge"]), ("<", ["<", "lt", "lessthan"]), ("<=", ["<=", "le"]) })
            foreach (var name in names) _tests[name] = (v, a) => Operators.Compare(operation, v, a.Get(0, "other"));
    }

    /// <summary>A test, or null where there is none of the name.</summary>
    public static Func<object?, CallArguments, bool>? Find(string name) => _tests.GetValueOrDefault(name);

    private static bool Cased(object? value) => Python.Text(value).EnumerateRunes().Any(PythonText.IsCased);
}
