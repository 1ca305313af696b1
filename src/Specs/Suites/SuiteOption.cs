using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Suites;

/// <summary>The form of a suite option's value.</summary>
public enum SuiteOptionKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A text or a list of them.</summary>
    Texts,

    /// <summary>A file.</summary>
    File,

    /// <summary>A file, a folder or a list of them.</summary>
    Files,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A whole number or a list of them.</summary>
    Integers,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>One of <see cref="SuiteOption.Choices"/>.</summary>
    Choice,

    /// <summary>A list of mappings.</summary>
    Objects,
}

/// <summary>One option of a suite, declared once: sweep files and the command line are read by it, errors and <c>show suite</c> explain it by it, and the suite's code asks for its value by it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The value's form.</param>
/// <param name="Meaning">One sentence.</param>
public abstract record SuiteOption(string Name, SuiteOptionKind Kind, string Meaning)
{
    /// <summary>The words of a <see cref="SuiteOptionKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether it must be given.</summary>
    public bool Required { get; init; }

    /// <summary>The smallest value of a whole number.</summary>
    public int Least { get; init; } = int.MinValue;

    /// <summary>The largest value of a whole number.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>What a whole number may be, in words; empty where it may be any.</summary>
    public string Limits => (Least, Most) switch
    {
        (int.MinValue, int.MaxValue) => "",
        (_, int.MaxValue) => FormattableString.Invariant($"at least {Least}"),
        _ => FormattableString.Invariant($"from {Least} to {Most}"),
    };

    /// <summary>What is taken where it is left out, as a file would give it; null where that is nothing.</summary>
    public abstract JsonNode? Default { get; }

    /// <summary>The value where the option is left out.</summary>
    internal abstract object? Absent { get; }

    /// <summary>A value as a file gives it.</summary>
    /// <exception cref="FormatException">It is not of the option's type; the message says what is wrong with it.</exception>
    internal abstract object? Read(JsonNode given);

    /// <summary>A value as result files hold it.</summary>
    internal abstract JsonNode? Write(object? value);
}

/// <summary>An option whose values are of one type.</summary>
/// <typeparam name="T">The type of its values.</typeparam>
public sealed record SuiteOption<T> : SuiteOption
{
    private readonly Func<JsonNode, T> _read;
    private readonly Func<T, JsonNode?> _write;
    private readonly T _absent;

    internal SuiteOption(string name, SuiteOptionKind kind, T absent, string meaning, Func<JsonNode, T> read, Func<T, JsonNode?> write) : base(name, kind, meaning)
        => (_absent, _read, _write) = (absent, read, write);

    /// <inheritdoc/>
    public override JsonNode? Default => Required || _absent is null ? null : _write(_absent);

    internal override object? Absent => _absent;

    internal override object? Read(JsonNode given)
    {
        try
        {
            var value = _read(given);
            foreach (var number in value switch { int one => [one], IReadOnlyList<int> many => many, _ => (IReadOnlyList<int>)[] })
                if (number < Least || number > Most) throw new FormatException($"{number} is not {Limits}");
            return value;
        }
        catch (Exception e) when (e is InvalidOperationException or InvalidCastException or JsonException)
        {
            throw new FormatException($"{given.ToJsonString()} is not of the right type", e);
        }
    }

    internal override JsonNode? Write(object? value) => _write((T)value!);
}

/// <summary>Makes options of the forms that there are.</summary>
internal static class SuiteOptionForms
{
    public static SuiteOption<string> Text(string name, string otherwise, string meaning) => new(name, SuiteOptionKind.Text, otherwise, meaning, given => given.GetValue<string>(), value => value);

    public static SuiteOption<string> File(string name, string meaning) => new(name, SuiteOptionKind.File, "", meaning, given => given.GetValue<string>(), value => value);

    public static SuiteOption<IReadOnlyList<string>> Files(string name, string meaning) => new(name, SuiteOptionKind.Files, [], meaning, TextsOf, ToJson);

    public static SuiteOption<IReadOnlyList<string>> Texts(string name, IReadOnlyList<string> otherwise, string meaning) => new(name, SuiteOptionKind.Texts, otherwise, meaning, TextsOf, ToJson);

    public static SuiteOption<int> Integer(string name, int otherwise, string meaning) => new(name, SuiteOptionKind.Integer, otherwise, meaning, Whole, value => value);

    public static SuiteOption<IReadOnlyList<int>> Integers(string name, IReadOnlyList<int> otherwise, string meaning)
        => new(name, SuiteOptionKind.Integers, otherwise, meaning, given => Items(given, Whole), value => new JsonArray([.. value.Select(item => (JsonNode)item)]));

    public static SuiteOption<bool> Flag(string name, bool otherwise, string meaning) => new(name, SuiteOptionKind.Flag, otherwise, meaning, given => given.GetValue<bool>(), value => value);

    /// <summary>One of several words; the first is taken where it is left out.</summary>
    public static SuiteOption<string> Choice(string name, string meaning, params IReadOnlyList<string> choices) => new(
        name, SuiteOptionKind.Choice, choices[0], meaning,
        given => given.GetValue<string>() is var word && choices.Contains(word) ? word : throw new FormatException($"'{word}' is unknown; {Suggestions.For(word, choices)}"),
        value => value) { Choices = choices };

    private static int Whole(JsonNode given) => given is JsonValue value && value.TryGetValue<int>(out var number) ? number : throw new InvalidOperationException("no whole number");

    private static IReadOnlyList<string> TextsOf(JsonNode given) => Items(given, item => item.GetValue<string>());

    /// <summary>A list; a single value stands for a list of one.</summary>
    private static List<T> Items<T>(JsonNode given, Func<JsonNode, T> read)
        => given is JsonArray items ? [.. items.Select(item => read(item ?? throw new InvalidOperationException("null in a list")))] : [read(given)];

    private static JsonArray ToJson(IReadOnlyList<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
