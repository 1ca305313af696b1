namespace AlpacaCot.Tests.LocalSilo.Conformance;

[GenerateSerializer]
public sealed record Envelope([property: Id(0)] IReferenceGrain? To, [property: Id(1)] GrainId Id);

public interface IReferenceGrain : IGrainWithStringKey
{
    Task<string> Name();

    Task<string> NameOf(IReferenceGrain other);

    Task<Envelope> Self();

    Task<Envelope> Echo(Envelope envelope);

    [Alias("over-int")]
    Task<string> Over(int value);

    Task<string> Over(string value);

    ValueTask<int> Value(int value);

    ValueTask Nothing();

    Task<string?> Maybe(string? text);

    Task Fail(string kind);
}

public interface IOtherFace : IGrainWithStringKey
{
    Task<string> Face();
}

public class ReferenceGrain : Grain, IReferenceGrain, IOtherFace
{
    public Task<string> Name() => Task.FromResult(this.GetPrimaryKeyString());

    public Task<string> NameOf(IReferenceGrain other) => other.Name();

    public Task<Envelope> Self() => Task.FromResult(new Envelope(this.AsReference<IReferenceGrain>(), this.GetGrainId()));

    public Task<Envelope> Echo(Envelope envelope) => Task.FromResult(envelope);

    public Task<string> Over(int value) => Task.FromResult($"int {value}");

    public Task<string> Over(string value) => Task.FromResult($"string {value}");

    public ValueTask<int> Value(int value) => new(value);

    public ValueTask Nothing() => default;

    public Task<string?> Maybe(string? text) => Task.FromResult(text);

    public Task<string> Face() => Task.FromResult("face of " + this.GetPrimaryKeyString());

    public Task Fail(string kind) => kind switch
    {
        "argument" => throw new ArgumentOutOfRangeException(nameof(kind), "out of it"),
        "own" => throw new OwnException("mine") { Code = 42 },
        "inner" => throw new InvalidOperationException("outer", new FormatException("inner")),
        "aggregate" => throw new AggregateException("several", new FormatException("one"), new FormatException("two")),
        _ => Task.FromException(new global::Orleans.Storage.InconsistentStateException("conflict", "1", "2")),
    };
}

[GenerateSerializer]
public sealed class OwnException(string message) : Exception(message)
{
    [Id(0)]
    public int Code { get; set; }
}

public interface ILongKeyGrain : IGrainWithIntegerKey
{
    Task<long> Key();
}

public class LongKeyGrain : Grain, ILongKeyGrain
{
    public Task<long> Key() => Task.FromResult(this.GetPrimaryKeyLong());
}

public interface IGuidCompoundGrain : IGrainWithGuidCompoundKey
{
    Task<string> Key();
}

public class GuidCompoundGrain : Grain, IGuidCompoundGrain
{
    public Task<string> Key() => Task.FromResult($"{this.GetPrimaryKey(out var extension)} {extension}");
}

public abstract class ReferenceTests
{
    protected abstract IGrainFactory Grains { get; }

    private IReferenceGrain Grain(string name) => Grains.GetGrain<IReferenceGrain>(name);

    [Fact]
    public async Task Reference_AsArgumentAndResult_CallsItsGrain()
    {
        Assert.Equal("b", await Grain("a").NameOf(Grain("b")));
        var self = await Grain("a").Self();
        Assert.Equal("a", await self.To!.Name());
        Assert.Equal(Grain("a"), self.To);
        Assert.Equal(Grain("a").GetGrainId(), self.Id);
        var echoed = await Grain("a").Echo(new Envelope(null, GrainId.Create("x", "y/z")));
        Assert.Null(echoed.To);
        Assert.Equal("y/z", echoed.Id.Key.ToString());
    }

    [Fact]
    public void References_ToOneGrain_AreEqual()
    {
        Assert.Equal(Grain("a"), Grain("a"));
        Assert.NotEqual(Grain("a"), Grain("b"));
        Assert.Equal(Grain("a").GetHashCode(), Grain("a").GetHashCode());
        Assert.Equal("a", Grain("a").GetPrimaryKeyString());
    }

    [Fact]
    public async Task Cast_ToAnotherInterface_CallsTheSameGrain()
        => Assert.Equal("face of a", await Grain("a").Cast<IOtherFace>().Face());

    [Fact]
    public async Task GetGrain_ByIdentity_CallsIt()
        => Assert.Equal("a", await Grains.GetGrain<IReferenceGrain>(GrainId.Create("reference", "a")).Name());

    [Fact]
    public async Task Keys_OfEveryKind_ComeBack()
    {
        Assert.Equal(-5, await Grains.GetGrain<ILongKeyGrain>(-5).Key());
        Assert.Equal(long.MaxValue, await Grains.GetGrain<ILongKeyGrain>(long.MaxValue).Key());
        var id = Guid.NewGuid();
        Assert.Equal($"{id} a+b", await Grains.GetGrain<IGuidCompoundGrain>(id, "a+b").Key());
    }

    [Fact]
    public async Task Overloads_AndValueTasks_AndNulls_Work()
    {
        Assert.Equal("int 3", await Grain("a").Over(3));
        Assert.Equal("string 3", await Grain("a").Over("3"));
        Assert.Equal(9, await Grain("a").Value(9));
        await Grain("a").Nothing();
        Assert.Null(await Grain("a").Maybe(null));
    }

    [Fact]
    public async Task Exceptions_ArriveWithTypeMessageAndMembers()
    {
        Assert.Contains("out of it", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Grain("a").Fail("argument"))).Message, StringComparison.Ordinal);
        Assert.Equal(42, (await Assert.ThrowsAsync<OwnException>(() => Grain("a").Fail("own"))).Code);
        Assert.IsType<FormatException>((await Assert.ThrowsAsync<InvalidOperationException>(() => Grain("a").Fail("inner"))).InnerException);
        Assert.Equal(2, (await Assert.ThrowsAsync<AggregateException>(() => Grain("a").Fail("aggregate"))).InnerExceptions.Count);
        var conflict = await Assert.ThrowsAsync<global::Orleans.Storage.InconsistentStateException>(() => Grain("conflict").Fail("conflict"));
        Assert.Equal("1", conflict.StoredEtag);
        Assert.Contains(nameof(ReferenceGrain.Fail), (await Assert.ThrowsAsync<OwnException>(() => Grain("a").Fail("own"))).StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Echo_OfEveryKind_IsEqual() => IsolationTests.AssertEqual(IsolationTests.Sample(), await Grains.GetGrain<IIsolationGrain>("echo").Echo(IsolationTests.Sample()));

    [Fact]
    public async Task ManyCalls_AtOnce_GetTheirOwnAnswers()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => Grain($"m{i % 13}").Over(i)));
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"int {i}"), answers);
    }
}

public sealed class LocalReferenceTests(SiloFixture silo) : ReferenceTests, IClassFixture<SiloFixture>
{
    protected override IGrainFactory Grains => silo.Grains;
}

public sealed class GatewayReferenceTests(GatewayFixture gateway) : ReferenceTests, IClassFixture<GatewayFixture>
{
    protected override IGrainFactory Grains => gateway.Grains;
}
