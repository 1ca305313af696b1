using FsCheck;
using FsCheck.Fluent;

namespace AlpacaCot.Tests;

/// <summary>How FsCheck makes damage, and makes it smaller: by leaving changes out.</summary>
public static class Damages
{
    /// <summary>Damage of bytes; most of it near the beginning or the end, where files keep their tables.</summary>
    public static Arbitrary<Damage> OfBytes()
    {
        var at = Gen.OneOf(Gen.Choose(0, 64), Gen.Choose(-64, -1), Gen.Choose(0, int.MaxValue));
        var edit =
            from kind in Gen.Elements(Enum.GetValues<DamageKind>())
            from place in at
            from value in Gen.Choose(0, 1 << 13)
            select new DamageEdit(kind, place, value);
        return Arb.From(Few(edit).Select(edits => new Damage(edits)), damage => Smaller(damage.Edits).Select(edits => new Damage(edits)));
    }

    /// <summary>Damage of JSON documents.</summary>
    public static Arbitrary<JsonDamage> OfJson()
    {
        var edit =
            from place in Gen.Choose(0, int.MaxValue)
            from value in Gen.Choose(0, int.MaxValue)
            select new JsonEdit(place, value);
        return Arb.From(Few(edit).Select(edits => new JsonDamage(edits)), damage => Smaller(damage.Edits).Select(edits => new JsonDamage(edits)));
    }

    private static Gen<T[]> Few<T>(Gen<T> edit) => Gen.Choose(1, 4).SelectMany(count => edit.ArrayOf(count));

    private static IEnumerable<T[]> Smaller<T>(IReadOnlyList<T> edits)
        => edits.Count <= 1 ? [] : Enumerable.Range(0, edits.Count).Select(i => edits.Where((_, at) => at != i).ToArray());
}
