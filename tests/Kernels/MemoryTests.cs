using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class MemoryTests
{
    [Fact]
    public void PeakBytes_AfterATemporary_RemembersIt()
    {
        TensorMemory.ResetPeak();
        var before = Setup.SettledBytes();
        torch.zeros(4_000_000).Dispose();
        Assert.Equal(before, TensorMemory.LiveBytes);
        Assert.True(TensorMemory.PeakBytes >= before + 16_000_000);
    }

    [Fact]
    public void Limit_BelowWhatIsAskedFor_ThrowsOutOfMemoryAndGoesOn()
    {
        using var scope = torch.NewDisposeScope();
        var limit = TensorMemory.Limit;
        TensorMemory.Limit = Setup.SettledBytes() + 1_000_000;   // what finalizers free in between would leave room
        try
        {
            var e = Assert.Throws<ExternalException>(() => torch.zeros(1_000_000));
            Assert.True(TorchErrors.IsOutOfMemory(e));
            Assert.Contains("you tried to allocate 4000000 bytes", TorchErrors.Message(e), StringComparison.Ordinal);
            Assert.DoesNotContain('\n', TorchErrors.Message(e));
            Assert.Equal(10, torch.ones(10).sum().item<float>());
        }
        finally
        {
            TensorMemory.Limit = limit;
        }
        Assert.Equal(1_000_000, torch.zeros(1_000_000).numel());
    }

    /// <summary>Nothing of TorchSharp's holds a scalar while libtorch is on its way to reading it.</summary>
    [Fact]
    public unsafe void Scalar_LetGoBeforeItIsRead_StillHasItsValue()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "scalars are kept where a library's calls can be answered");
        var handles = Made();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.All(Enumerable.Range(0, handles.Length), i => Assert.Equal(i + 0.5, ((double*)handles[i])[2]));
        Assert.All(handles, handle => Assert.Equal(*(int*)handles[0], *(int*)handle));
        Assert.Equal(0, *(int*)handles[0]);   // c10::Scalar's tag of a double

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static nint[] Made()
        {
            var field = typeof(Scalar).GetField("handle", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!;
            return [.. Enumerable.Range(0, 100).Select(i => (nint)field.GetValue((Scalar)(i + 0.5))!)];
        }
    }

    [Fact]
    public void Allocation_BeyondTheMachine_ThrowsOutOfMemory() =>
        Assert.Throws<ExternalException>(() => torch.empty([1L << 46]));

    [Fact]
    public void LargeBlocks_FreedAndAskedForAgain_ComeFromTheCache()
    {
        torch.zeros(3_000_000).Dispose();
        var reserved = TensorMemory.ReservedBytes;
        for (var i = 0; i < 10; i++) torch.zeros(3_000_000 - 1000 * i).Dispose();
        Assert.Equal(reserved, TensorMemory.ReservedBytes);
        TensorMemory.EmptyCache();
        Assert.Equal(0, TensorMemory.CachedBytes);
    }

    /// <summary>What activations of short rows were held in serves those of long ones, and the other way round.</summary>
    [Fact]
    public void BlocksOfMiddlingSize_Freed_AreLargeOnesNext()
    {
        using (torch.NewDisposeScope()) _ = Enumerable.Range(0, 60).Select(_ => torch.ones(50_000)).ToList();
        var reserved = TensorMemory.ReservedBytes;
        for (var round = 0; round < 3; round++)
        {
            using (torch.NewDisposeScope()) Assert.Equal(2_500_000, torch.ones(2_500_000).sum().item<float>());
            using (torch.NewDisposeScope()) Assert.All(Enumerable.Range(0, 50).Select(i => torch.full([50_000], i, torch.float32)).ToList(), (t, i) => Assert.Equal(i * 50_000f, t.sum().item<float>()));
        }
        Assert.Equal(reserved, TensorMemory.ReservedBytes);
    }

    [Fact]
    public void LargeBlocks_OfEverOtherSizes_ReuseTheSameMemory()
    {
        TensorMemory.EmptyCache();
        var before = TensorMemory.ReservedBytes;
        var random = torch.randint(500_000, 1_000_000, [40], generator: new Generator(1)).ToArray<long>();
        foreach (var n in random)
        {
            using var scope = torch.NewDisposeScope();
            Tensor a = torch.ones([n]), b = torch.ones([n / 2]), c = torch.ones([n]);
            Assert.Equal(n, a.sum().item<float>());
            Assert.Equal(n / 2, b.sum().item<float>());
            Assert.Equal(n, c.sum().item<float>());
        }
        Assert.True(TensorMemory.ReservedBytes - before <= 4 * 1_000_000 * 5 / 2 + 3_000_000, $"{TensorMemory.ReservedBytes - before} bytes held");
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
            var before = Setup.SettledBytes();
            var whole = TensorData.FromMemory((nint)pointer, [2, 3], torch.float32, () =>
            {
                released++;
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            });
            Assert.Equal(before, TensorMemory.LiveBytes);
            var row = whole[1];
            whole.Dispose();
            Assert.Equal(0, released);
            Assert.Equal([4f, 5, 6], row.ToArray<float>());
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
            using var t = TensorData.FromMemory((nint)p, [3], torch.bfloat16);
            Assert.Equal([1f, -2f, 3.140625f], t.ToArray<float>());
        }
    }
}
