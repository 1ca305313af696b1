namespace AlpacaCot.Models.Tests;

/// <summary>A cache that grows again and again, and what it refuses; a hash that follows the file.</summary>
public sealed class CacheGrowthTests
{
    [Fact]
    public void Hidden_SixHundredTokensInPieces_AsAtOnce()
    {
        const int Tokens = 600;
        using var decoder = TestModels.Random(TestModels.Tiny with { MaxPositions = 1024 });
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var ids = torch.arange(Tokens) * 7 % 50;
        var whole = decoder.Hidden(ids, SegmentLayout.Single(Tokens));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var parts = new List<Tensor>();
        for (var (start, length) = (0, 0); start < Tokens; start += length)
        {
            length = Math.Min(start % 3 == 0 ? 61 : 1, Tokens - start);
            parts.Add(decoder.Hidden(ids.narrow(0, start, length), new SegmentLayout([new Segment(0, length, Position: start, Sequence: sequence)]), cache: cache));
        }
        Assert.Equal(Tokens, cache.Length(sequence));
        GoldenTensors.AssertClose(whole, torch.cat(parts), 1e-4, "hidden states");
    }

    [Fact]
    public void Hidden_OneSequenceTwiceInABatch_Refused()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var error = Assert.Throws<ArgumentException>(() => decoder.Hidden(torch.arange(4), new SegmentLayout([new Segment(0, 2, Sequence: sequence), new Segment(2, 2, Sequence: sequence)]), cache: cache));
        Assert.Contains("twice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_SameLengthOtherContent_IsHashedAnew()
    {
        using var folder = new TemporaryFolder();
        using (var decoder = TestModels.Random()) ModelDirectory.Save(decoder, folder["m"]);
        var first = ModelFingerprint.Compute(folder["m"], folder["cache"]);
        var bytes = File.ReadAllBytes(folder["m/model.safetensors"]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(folder["m/model.safetensors"], bytes);
        File.SetLastWriteTimeUtc(folder["m/model.safetensors"], DateTime.UnixEpoch);
        Assert.NotEqual(first, ModelFingerprint.Compute(folder["m"], folder["cache"]));
    }
}
