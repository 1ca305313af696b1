using System.Collections.Immutable;
using global::Orleans.Serialization;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

[GenerateSerializer, Alias("test.Bag.v1")]
public sealed class Bag
{
    [Id(0)]
    public List<string> Items { get; set; } = [];

    [Id(1)]
    public Dictionary<string, int[]> Numbers { get; set; } = [];

    [Id(2)]
    public Bag? Inner { get; set; }
}

[GenerateSerializer, Immutable, Alias("test.Card.v1")]
public sealed record Card([property: Id(0)] string Name, [property: Id(1)] ImmutableArray<int> Values);

[GenerateSerializer]
public abstract record Shape([property: Id(0)] string Name);

[GenerateSerializer]
public sealed record Circle(string Name, [property: Id(0)] double Radius) : Shape(Name);

[GenerateSerializer]
public readonly record struct Point(int X, int Y);

public enum Colour : byte
{
    Red = 1,
    Blue = 200,
}

[GenerateSerializer]
public sealed record Everything(
    [property: Id(0)] bool Flag, [property: Id(1)] int? Maybe, [property: Id(2)] double Real, [property: Id(3)] decimal Money, [property: Id(4)] Colour Colour,
    [property: Id(5)] DateTime When, [property: Id(6)] DateTimeOffset Where, [property: Id(7)] TimeSpan Span, [property: Id(8)] Guid Guid, [property: Id(9)] byte[] Bytes,
    [property: Id(10)] Point Point, [property: Id(11)] Shape Shape, [property: Id(12)] (int, string) Pair, [property: Id(13)] ImmutableDictionary<string, long> Map,
    [property: Id(14)] float[] Floats, [property: Id(15)] string? Nothing, [property: Id(16)] List<Shape?> Shapes, [property: Id(17)] DateOnly Day, [property: Id(18)] Uri Uri,
    [property: Id(19)] ulong Big, [property: Id(20)] object Anything);

public sealed class Unmarked
{
    public int Value { get; set; }
}

[GenerateSerializer]
public sealed class HoldsUnmarked
{
    [Id(0)]
    public Unmarked? Bad { get; set; }
}

public interface IIsolationGrain : IGrainWithStringKey
{
    Task<Bag> Keep(Bag bag);

    Task<Bag> Kept();

    Task<Card> Same(Card card);

    Task<bool> IsKeptCard(Card card);

    Task<Everything> Echo(Everything value);

    Task<HoldsUnmarked> EchoBad(HoldsUnmarked value);

    Task<int[]> FirstUntouched([Immutable] int[] values);
}

public class IsolationGrain : Grain, IIsolationGrain
{
    private Bag _bag = new();
    private Card? _card;

    public Task<Bag> Keep(Bag bag)
    {
        bag.Items.Add("from the grain");
        _bag = bag;
        return Task.FromResult(bag);
    }

    public Task<Bag> Kept() => Task.FromResult(_bag);

    public Task<Card> Same(Card card)
    {
        _card = card;
        return Task.FromResult(card);
    }

    public Task<bool> IsKeptCard(Card card) => Task.FromResult(ReferenceEquals(card, _card));

    public Task<Everything> Echo(Everything value) => Task.FromResult(value);

    public Task<HoldsUnmarked> EchoBad(HoldsUnmarked value) => Task.FromResult(value);

    public Task<int[]> FirstUntouched(int[] values)
    {
        values[0] = 99;
        return Task.FromResult(values);
    }
}

public sealed class IsolationTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    internal static Everything Sample() => new(
        true, 7, -0.5, 12.34m, Colour.Blue, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
        TimeSpan.FromTicks(-5), Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"), [1, 2, 3], new Point(-1, int.MaxValue), new Circle("c", 2.5), (4, "four"),
        ImmutableDictionary<string, long>.Empty.Add("a", long.MinValue), [1.5f, float.NaN], null, [new Circle("d", 1), null], new DateOnly(2026, 11, 21),
        new Uri("http://localhost/x"), ulong.MaxValue, new Circle("any", 3));

    [Fact]
    public async Task Argument_ChangedAfterTheCall_DoesNotReachTheGrain()
    {
        var grain = silo.Grains.GetGrain<IIsolationGrain>("argument");
        var bag = new Bag { Items = ["a"], Numbers = { ["x"] = [1] }, Inner = new Bag { Items = ["deep"] } };
        await grain.Keep(bag);
        bag.Items.Add("b");
        bag.Numbers["x"][0] = 2;
        bag.Inner.Items.Clear();
        var kept = await grain.Kept();
        Assert.Equal(["a", "from the grain"], kept.Items);
        Assert.Equal(1, kept.Numbers["x"][0]);
        Assert.Equal(["deep"], kept.Inner!.Items);
    }

    [Fact]
    public async Task Argument_ChangedByTheGrain_DoesNotReachTheCaller()
    {
        var bag = new Bag { Items = ["a"] };
        await silo.Grains.GetGrain<IIsolationGrain>("argument-2").Keep(bag);
        Assert.Equal(["a"], bag.Items);
    }

    [Fact]
    public async Task Result_ChangedByTheCaller_DoesNotReachTheGrain()
    {
        var grain = silo.Grains.GetGrain<IIsolationGrain>("result");
        (await grain.Keep(new Bag())).Items.Clear();
        Assert.Equal(["from the grain"], (await grain.Kept()).Items);
    }

    [Fact]
    public async Task Immutable_RecordOrParameter_IsNotCopied()
    {
        var grain = silo.Grains.GetGrain<IIsolationGrain>("immutable");
        var card = new Card("n", [1, 2]);
        Assert.Same(card, await grain.Same(card));
        Assert.True(await grain.IsKeptCard(card));
        int[] values = [1];
        await grain.FirstUntouched(values);
        Assert.Equal(99, values[0]);
    }

    [Fact]
    public async Task Echo_OfEveryKind_IsEqual() => AssertEqual(Sample(), await silo.Grains.GetGrain<IIsolationGrain>("echo").Echo(Sample()));

    [Fact]
    public async Task UnmarkedType_Fails_NamingTypeAndMember()
    {
        var error = await Assert.ThrowsAsync<CodecNotFoundException>(() => silo.Grains.GetGrain<IIsolationGrain>("bad").EchoBad(new HoldsUnmarked { Bad = new Unmarked() }));
        Assert.Contains(nameof(Unmarked), error.Message, StringComparison.Ordinal);
        Assert.Contains($"{nameof(HoldsUnmarked)}.{nameof(HoldsUnmarked.Bad)}", error.Message, StringComparison.Ordinal);
    }

    internal static void AssertEqual(Everything expected, Everything actual)
    {
        Assert.NotSame(expected, actual);
        Assert.Equal(expected.Bytes, actual.Bytes);
        Assert.Equal(expected.Floats, actual.Floats);
        Assert.Equal(expected.Shapes, actual.Shapes);
        Assert.Equal(expected.Map.ToArray(), [.. actual.Map]);
        Assert.Equal(expected, actual with { Bytes = expected.Bytes, Floats = expected.Floats, Shapes = expected.Shapes, Map = expected.Map });
        Assert.Equal(expected.When.Kind, actual.When.Kind);
    }
}
