using System.Collections.Immutable;
using AlpacaCot.LocalSilo.Proxies;
using AlpacaCot.LocalSilo.Serialization;
using AlpacaCot.Tests.LocalSilo.Conformance;
using global::Orleans.Serialization;

namespace AlpacaCot.Tests.LocalSilo.Serialization;

[GenerateSerializer]
public sealed class VersionOne
{
    [Id(0)]
    public int Number { get; set; }

    [Id(3)]
    public string Text { get; set; } = "default";
}

[GenerateSerializer]
public sealed record VersionTwo([property: Id(0)] long Number, [property: Id(1)] ImmutableArray<string> Added, [property: Id(2)] double Also, [property: Id(3)] string Text, [property: Id(4)] Circle More);

[GenerateSerializer]
public sealed class Node
{
    [Id(0)]
    public Node? Next { get; set; }
}

[GenerateSerializer]
public sealed class ReadOnlyMembers(int field)
{
    [Id(0)]
    private readonly int _field = field;

    [Id(1)]
    public string Property { get; } = "set";

    public int Field => _field;
}

public sealed class WireTests
{
    private sealed class NoReferences : IReferenceSource
    {
        public object CreateReference(GrainId grainId, InterfaceShape shape) => throw new SerializerException("no references here");
    }

    private static byte[] Write<T>(T value)
    {
        using var writer = new WireWriter();
        CodecOf<T>.Instance.Write(writer, value);
        return writer.Written.ToArray();
    }

    private static T Read<T>(byte[] bytes) => CodecOf<T>.Instance.Read(new WireReader(bytes, new NoReferences()));

    [Fact]
    public void Read_ByAnOlderType_SkipsWhatItDoesNotKnow()
    {
        var old = Read<VersionOne>(Write(new VersionTwo(7, ["a", "b"], 1.5, "kept", new Circle("c", 1))));
        Assert.Equal((7, "kept"), (old.Number, old.Text));
    }

    [Fact]
    public void Read_ByANewerType_LeavesDefaults()
    {
        var newer = Read<VersionTwo>(Write(new VersionOne { Number = 9, Text = "t" }));
        Assert.Equal((9L, true, 0.0, "t"), (newer.Number, newer.Added.IsDefault, newer.Also, newer.Text));
        Assert.Null(newer.More);
    }

    [Fact]
    public void Read_OfANumberTooLargeForTheMember_Throws()
        => Assert.Throws<OverflowException>(() => Read<VersionOne>(Write(new VersionTwo(long.MaxValue, [], 0, "", new Circle("", 0)))));

    [Fact]
    public void ReadOnlyMembers_ComeBack()
    {
        var read = Read<ReadOnlyMembers>(Write(new ReadOnlyMembers(5)));
        Assert.Equal((5, "set"), (read.Field, read.Property));
    }

    [Fact]
    public void Write_OfACycle_ThrowsInsteadOfOverflowingTheStack()
    {
        var node = new Node();
        node.Next = node;
        Assert.Throws<SerializerException>(() => Write(node));
        Assert.Throws<SerializerException>(() => CodecOf<Node>.Instance.Copy(node, new CopyContext()));
    }

    [Fact]
    public void EveryKind_ComesBackEqual() => IsolationTests.AssertEqual(IsolationTests.Sample(), Read<Everything>(Write(IsolationTests.Sample())));

    [Fact]
    public void DefaultAndEmptyImmutableArrays_StayApart()
    {
        Assert.True(Read<ImmutableArray<string>>(Write(default(ImmutableArray<string>))).IsDefault);
        Assert.Empty(Read<ImmutableArray<string>>(Write(ImmutableArray<string>.Empty)));
    }

    [Fact]
    public void Read_OfDamagedBytes_FailsCleanly()
    {
        var bytes = Write(IsolationTests.Sample());
        var random = new Random(1);
        for (var round = 0; round < 5000; round++)
        {
            var damaged = bytes.ToArray();
            for (var i = 0; i < 1 + round % 4; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (round % 3 == 0) Array.Resize(ref damaged, random.Next(damaged.Length));
            try
            {
                Read<Everything>(damaged);
            }
            catch (Exception e)
            {
                Assert.True(e is SerializerException or OverflowException or FormatException or ArgumentException or InvalidCastException, e.ToString());
            }
        }
    }

    [Fact]
    public void Read_OfACountBeyondTheMessage_DoesNotAllocateIt()
    {
        using var writer = new WireWriter();
        writer.WriteVarint(int.MaxValue);
        var bytes = writer.Written.ToArray();
        Assert.Throws<SerializerException>(() => Read<List<string>>(bytes));
        Assert.Throws<SerializerException>(() => Read<double[]>(bytes));
    }
}
