using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;
using FsCheck;
using FsCheck.Fluent;

namespace AlpacaCot.Tests.WorkerProtocol;

/// <summary>Messages of every type with any values, made from their declarations: a new message or property is covered as soon as it exists.</summary>
public static class Messages
{
    private static readonly NullabilityInfoContext _nullability = new();

    private static readonly Gen<string> _texts =
        Gen.OneOf(Gen.Choose(32, 126), Gen.Choose(0, 0xD7FF), Gen.Choose(0xE000, 0xFFFF), Gen.Choose(0x10000, 0x10FFFF)).ArrayOf()
            .Select(points => string.Concat(points.Select(point => new Rune(point).ToString())));

    private static readonly Gen<string> _json = Gen.Elements("null", "true", "0.1", "\"ü\\n\"", "[]", "{}", """{"a":[1,{"b":null}],"c":-1e300}""");

    /// <summary>
    /// The parts of a sweep file that requests of tools hold. Made up, each would be hundreds of draws inside each other, more than a stack holds; the jobs of packs hold made-up ones of the same types.
    /// </summary>
    private static readonly SweepSpec _sweep = SweepDocument.ParseValid("""
        name: study
        seeds: [3, 1]
        models: [{ name: a, path: models/a, load: nf4 }, { name: b, hub: o/b, when: { cot: cue } }]
        peft: [{ name: l, method: lora, r: 4, targets: [q_proj] }, ia3]
        data: [{ name: d, sources: [{ path: rows.json, weight: 2.5, limit: 7 }, { goat: { digits: [1, 3] } }], template: plain }]
        cot: [none, { name: cue, cue: "Let's think. ü" }]
        exclude: [{ model: a, peft: [ia3] }]
        training: { epochs: 1.5, schedule: cosine, schedule_arguments: { num_cycles: 0.5 } }
        decoding: { strategy: sample, temperature: 0.7, stop: ["\n"] }
        evaluation: [{ suite: exact-match, few_shot: 2, options: { file: q.jsonl } }]
        """);

    private static readonly object[] _parts =
    [
        _sweep, _sweep.Data[0], _sweep.Decoding, _sweep.Evaluation, _sweep.Data, new GoatOptions(),
        new SingleTraining { Method = _sweep.Peft[0], Data = _sweep.Data[0], Training = _sweep.Training },
    ];

    /// <summary>Any event.</summary>
    public static Arbitrary<WorkerEvent> Events() => Arb.From(AnyOf<WorkerEvent>());

    /// <summary>Any command.</summary>
    public static Arbitrary<WorkerCommand> Commands() => Arb.From(AnyOf<WorkerCommand>());

    /// <summary>What differs between two values, or null: by their properties, so that nothing hides behind how they are written.</summary>
    public static string? Difference(object? a, object? b, string at = "")
    {
        switch (a, b)
        {
            case (null, null):
                return null;
            case (JsonElement x, JsonElement y):
                return JsonElement.DeepEquals(x, y) ? null : $"{at}: {x} and {y}";
            case (KeyValuePair<string, JsonElement> x, KeyValuePair<string, JsonElement> y):
                return x.Key == y.Key ? Difference(x.Value, y.Value, $"{at}.{x.Key}") : $"{at}: {x.Key} and {y.Key}";
            case (KeyValuePair<string, IReadOnlyList<string>> x, KeyValuePair<string, IReadOnlyList<string>> y):
                return x.Key == y.Key ? Difference(x.Value, y.Value, $"{at}.{x.Key}") : $"{at}: {x.Key} and {y.Key}";
            case (string or ValueType, _):
                return a.Equals(b) ? null : $"{at}: {a} and {b}";
            case (IEnumerable x, IEnumerable y):
                var (left, right) = (x.Cast<object>().ToList(), y.Cast<object>().ToList());
                if (left.Count != right.Count) return $"{at}: {left.Count} and {right.Count} items";
                return left.Select((item, i) => Difference(item, right[i], $"{at}[{i}]")).FirstOrDefault(d => d is not null);
            default:
                if (a?.GetType() != b?.GetType()) return $"{at}: {a?.GetType()} and {b?.GetType()}";
                return Properties(a!.GetType()).Select(p => Difference(p.GetValue(a), p.GetValue(b), $"{at}.{p.Name}")).FirstOrDefault(d => d is not null);
        }
    }

    /// <summary>The first property that is null though its declaration says that it never is, or null.</summary>
    public static string? Missing(object? value, string at)
    {
        if (value is null or string or ValueType) return null;
        if (value is IEnumerable items) return items.Cast<object>().Select((item, i) => item is null ? $"{at}[{i}]" : Missing(item, $"{at}[{i}]")).FirstOrDefault(m => m is not null);
        foreach (var property in Properties(value.GetType()))
        {
            var held = property.GetValue(value);
            if (held is null && !MayBeNull(property)) return $"{at}.{property.Name}";
            if (Missing(held, $"{at}.{property.Name}") is { } missing) return missing;
        }
        return null;
    }

    private static Gen<T> AnyOf<T>() => Gen.OneOf(Concrete(typeof(T)).Select(type => Record(type).Select(value => (T)value)));

    private static IEnumerable<Type> Concrete(Type of) => of.Assembly.GetTypes().Where(type => type.IsSubclassOf(of) && !type.IsAbstract).OrderBy(type => type.Name, StringComparer.Ordinal);

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance);

    private static bool MayBeNull(PropertyInfo property) => _nullability.Create(property).ReadState == NullabilityState.Nullable;

    private static Gen<object> Record(Type type)
    {
        var constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        var parameters = constructor.GetParameters().Select(p => type.GetProperty(p.Name!)!).ToArray();
        var settable = Properties(type).Where(p => p.CanWrite && !parameters.Contains(p)).ToArray();
        var values = parameters.Concat(settable).Select(Property).ToArray();
        return Sequence(values).Select(all =>
        {
            var made = constructor.Invoke(all[..parameters.Length]);
            for (var i = 0; i < settable.Length; i++) settable[i].SetValue(made, all[parameters.Length + i]);
            return made;
        });
    }

    private static Gen<object?[]> Sequence(Gen<object?>[] parts)
        => parts.Aggregate(Gen.Constant(Array.Empty<object?>()), (all, part) => all.SelectMany(before => part.Select(next => (object?[])[.. before, next])));

    private static Gen<object?> Property(PropertyInfo property)
    {
        var part = typeof(ToolRequest).IsAssignableFrom(property.DeclaringType) ? _parts.FirstOrDefault(property.PropertyType.IsInstanceOfType) : null;
        var any = part is null ? Of(property.PropertyType) : Gen.Constant<object?>(part);
        return MayBeNull(property) ? Gen.OneOf(Gen.Constant<object?>(null), any) : any;
    }

    private static Gen<object?> Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Of(underlying);
        if (type == typeof(string)) return _texts.Select(text => (object?)text);
        if (type == typeof(bool)) return Gen.Elements<object?>(true, false);
        if (type == typeof(int)) return Gen.OneOf(Gen.Choose(-9, 9), Gen.Elements(int.MinValue, int.MaxValue)).Select(n => (object?)n);
        if (type == typeof(long)) return Gen.OneOf(Gen.Choose(-9, 9).Select(n => (long)n), Gen.Elements(long.MinValue, long.MaxValue)).Select(n => (object?)n);
        if (type == typeof(double)) return Gen.Elements<object?>(0.0, 0.1, -1e-300, double.MaxValue, double.Epsilon, double.NaN, double.PositiveInfinity, double.NegativeInfinity);
        // A token names others of its kind: made up, they would go on without end.
        if (type == typeof(IReadOnlyList<WrittenToken>)) return Gen.Elements<object?>(Array.Empty<WrittenToken>(), (WrittenToken[])[new WrittenToken(1, "é", -0.5, [new WrittenToken(2, "b", -1, [])])]);
        if (type.IsEnum) return Gen.Elements(Enum.GetValues(type).Cast<object?>().ToArray());
        if (type == typeof(JsonElement)) return _json.Select(json => (object?)JsonDocument.Parse(json).RootElement);
        if (type == typeof(IReadOnlyDictionary<string, double>))
            return _texts.ArrayOf().Select(keys => (object?)keys.Distinct().ToDictionary(key => key, key => key.Length / 3.0, StringComparer.Ordinal));
        if (type == typeof(IReadOnlyDictionary<string, string>))
            return _texts.ArrayOf().Select(keys => (object?)keys.Distinct().ToDictionary(key => key, key => key + key, StringComparer.Ordinal));
        if (type == typeof(IReadOnlyDictionary<string, JsonElement>))
            return _texts.ArrayOf().Select(keys => (object?)keys.Distinct().ToDictionary(key => key, key => JsonDocument.Parse($"[{key.Length}]").RootElement, StringComparer.Ordinal));
        if (type == typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>))
            return _texts.ArrayOf().Select(keys => (object?)keys.Distinct().ToDictionary(key => key, key => (IReadOnlyList<string>)[key, ""], StringComparer.Ordinal));
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var item = type.GetGenericArguments()[0];
            return Gen.Choose(0, 3).SelectMany(count => Sequence([.. Enumerable.Repeat(Of(item), count)])).Select(items =>
            {
                var list = Array.CreateInstance(item, items.Length);
                for (var i = 0; i < items.Length; i++) list.SetValue(items[i], i);
                return (object?)list;
            });
        }
        return type.IsAbstract ? Gen.OneOf(Concrete(type).Select(t => Record(t).Select(value => (object?)value))) : Record(type).Select(value => (object?)value);
    }
}
