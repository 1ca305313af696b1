using System.IO.MemoryMappedFiles;

namespace AlpacaCot.Torch.Tests;

public sealed class MemoryTests
{
    [Fact]
    public void PeakBytes_AfterATemporary_RemembersIt()
    {
        torch.memory.reset_peak();
        var before = torch.memory.live_bytes;
        torch.zeros(4_000_000).Dispose();
        Assert.Equal(before, torch.memory.live_bytes);
        Assert.True(torch.memory.peak_bytes >= before + 16_000_000);
    }

    [Fact]
    public void Limit_BelowWhatIsAskedFor_ThrowsOutOfMemoryAndGoesOn()
    {
        using var scope = torch.NewDisposeScope();
        torch.memory.set_limit(torch.memory.live_bytes + 1_000_000);
        try
        {
            var e = Assert.Throws<TorchOutOfMemoryException>(() => torch.zeros(1_000_000));
            Assert.Contains("out of memory", e.Message, StringComparison.Ordinal);
            Assert.Equal(10, torch.ones(10).sum().item<int>());
        }
        finally
        {
            torch.memory.set_limit(0);
        }
        Assert.Equal(1_000_000, torch.zeros(1_000_000).numel());
    }

    [Fact]
    public void Allocation_BeyondTheMachine_ThrowsOutOfMemory() =>
        Assert.Throws<TorchOutOfMemoryException>(() => torch.empty([1L << 46]));

    [Fact]
    public void LargeBlocks_FreedAndAskedForAgain_ComeFromTheCache()
    {
        torch.zeros(3_000_000).Dispose();
        var reserved = torch.memory.reserved_bytes;
        for (var i = 0; i < 10; i++) torch.zeros(3_000_000 - 1000 * i).Dispose();
        Assert.Equal(reserved, torch.memory.reserved_bytes);
        torch.memory.empty_cache();
        Assert.Equal(0, torch.memory.cached_bytes);
    }

    [Fact]
    public void LargeBlocks_OfEverOtherSizes_ReuseTheSameMemory()
    {
        torch.memory.empty_cache();
        var before = torch.memory.reserved_bytes;
        var random = torch.randint(500_000, 1_000_000, [40], new Generator(1)).data<long>();
        foreach (var n in random)
        {
            using var scope = torch.NewDisposeScope();
            Tensor a = torch.ones([n]), b = torch.ones([n / 2]), c = torch.ones([n]);
            Assert.Equal(n, a.sum().item<long>());
            Assert.Equal(n / 2, b.sum().item<long>());
            Assert.Equal(n, c.sum().item<long>());
        }
        Assert.True(torch.memory.reserved_bytes - before <= 4 * 1_000_000 * 5 / 2 + 3_000_000, $"{torch.memory.reserved_bytes - before} bytes held");
    }

    [Fact]
    public void LargeBlocks_UsedFromSeveralThreads_KeepTheirContents()
    {
        var wrong = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            for (var k = 0; k < 30; k++)
            {
                using var scope = torch.NewDisposeScope();
                var t = torch.full([300_000 + 10_007 * k + i], i, torch.int32);
                var u = torch.full([400_000], k, torch.int32);
                if (t.max().item<int>() != i || t.min().item<int>() != i || u.max().item<int>() != k) Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
    }

    [Fact]
    public unsafe void FromMemory_OverAMappedFile_ReadsWithoutACopyAndReleasesWithTheLastView()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(file, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([1f, 2, 3, 4, 5, 6]).ToArray());
        var released = 0;
        try
        {
            using var map = MemoryMappedFile.CreateFromFile(file, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* pointer = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            var before = torch.memory.live_bytes;
            var whole = torch.from_memory((nint)pointer, [2, 3], torch.float32, () =>
            {
                released++;
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            });
            Assert.Equal(before, torch.memory.live_bytes);
            var row = whole[1];
            whole.Dispose();
            Assert.Equal(0, released);
            Assert.Equal([4f, 5, 6], row.data<float>());
            row.Dispose();
            Assert.Equal(1, released);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public unsafe void FromMemory_OfBFloat16_ReadsItsBits()
    {
        using var scope = torch.NewDisposeScope();
        ushort[] bits = [0x3f80, 0xc000, 0x4049];
        fixed (ushort* p = bits)
        {
            using var t = torch.from_memory((nint)p, [3], torch.bfloat16);
            Assert.Equal([1f, -2f, 3.140625f], t.data<float>());
        }
    }
}
