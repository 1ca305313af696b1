using System.Runtime.InteropServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class ThreadTests
{
    [Fact]
    public void FailingOperators_OnManyThreads_NeverMixUpTheirMessages()
    {
        var wrong = 0;
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            using var scope = torch.NewDisposeScope();
            int n = i % 7 + 2, m = n + 1;
            var e = Assert.Throws<ExternalException>(() => torch.mm(torch.zeros(n, m), torch.zeros(n, m)));
            if (!e.Message.Contains($"({n}x{m} and {n}x{m})", StringComparison.Ordinal)) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Training_OnSeveralThreads_GivesEachItsOwnResult()
    {
        static float[] Train(ulong seed)
        {
            using var scope = torch.NewDisposeScope();
            using var g = new Generator(seed);
            var w = torch.randn([8, 8], generator: g).requires_grad_();
            for (var step = 0; step < 20; step++)
            {
                using var inner = torch.NewDisposeScope();
                w.grad = null;
                Autograd.Backward(torch.randn([4, 8], generator: g).mm(w).square().mean());
                using var _ = torch.no_grad();
                w.sub_(w.grad! * 0.1);
            }
            return w.ToArray<float>();
        }
        var alone = Enumerable.Range(0, 8).Select(i => Train((ulong)i)).ToArray();
        var together = new float[8][];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[i] = Train((ulong)i));
        for (var i = 0; i < 8; i++) Assert.Equal(alone[i], together[i]);
    }

    [Fact]
    public void SetNumThreads_ToTwo_IsReadBack()
    {
        Threads.Count = 2;
        Assert.Equal(2, Threads.Count);
        Threads.Count = 1;
        Assert.Equal(1, Threads.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => Threads.Count = 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void Parts_OnSeveralThreads_AreEachTakenOnce(bool alike)
    {
        Threads.Count = 3;
        try
        {
            foreach (var parts in (int[])[0, 1, 2, 7, 5000])
            {
                var taken = new int[parts + 1];
                fixed (int* counts = taken) Threads.For(parts, &Take, counts, alike);
                Assert.Equal([.. Enumerable.Repeat(1, parts), 0], taken);
            }
        }
        finally
        {
            Threads.Count = 1;
        }

        static void Take(void* counts, int part) => Interlocked.Increment(ref ((int*)counts)[part]);
    }
}
