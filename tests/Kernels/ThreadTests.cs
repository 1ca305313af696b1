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

    [Fact]
    public unsafe void Parts_OnSeveralThreads_AreEachTakenOnce() => OnThreeThreads(() =>
    {
        foreach (var parts in (int[])[0, 1, 2, 7, 5000]) Assert.Equal([.. Enumerable.Repeat(1, parts), 0], Counted(parts));
    });

    [Fact]
    public void LoopsOfThreadsThatStandBy_ManyOneAfterAnother_AreEachDoneWhenTheyReturn() => OnThreeThreads(() =>
    {
        using var weight = torch.zeros(100, 1000);
        var wrong = 0;
        for (var token = 0; token < 50; token++)
        {
            Threads.Together(() =>
            {
                for (var loop = 0; loop < 60; loop++)
                {
                    if (loop % 3 == 0) Threads.Expect(WeightMemory.Of(weight));
                    var parts = loop * 7 % 50;
                    if (!Counted(parts).SequenceEqual(Enumerable.Repeat(1, parts).Append(0))) wrong++;
                }
            });
        }
        Assert.Equal(0, wrong);
    });

    [Fact]
    public void Together_BodyThatThrows_ThrowsItAndLeavesTheThreadsUsable() => OnThreeThreads(() =>
    {
        var thrown = new InvalidOperationException("the body's own");
        Assert.Same(thrown, Assert.Throws<InvalidOperationException>(() => Threads.Together(() => throw thrown)));
        var ran = false;
        Threads.Together(() => Threads.Together(() => ran = Counted(20).Sum() == 20));
        Assert.True(ran);
        Assert.Equal(20, Counted(20).Sum());
    });

    [Fact]
    public void Together_OnSeveralCallersAtOnce_EachLeadsItsOwn() => OnThreeThreads(() =>
    {
        var wrong = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => Threads.Together(() =>
        {
            for (var loop = 0; loop < 50; loop++)
                if (!Counted(i + loop).SequenceEqual(Enumerable.Repeat(1, i + loop).Append(0))) Interlocked.Increment(ref wrong);
        }));
        Assert.Equal(0, wrong);
    });

    private static void OnThreeThreads(Action test)
    {
        Threads.Count = 3;
        try
        {
            test();
        }
        finally
        {
            Threads.Count = 1;
        }
    }

    // How often each part was done; one behind the last, which none may be.
    private static unsafe int[] Counted(int parts)
    {
        var taken = new int[parts + 1];
        fixed (int* counts = taken) Threads.For(parts, &Take, counts);
        return taken;

        static void Take(void* counts, int part) => Interlocked.Increment(ref ((int*)counts)[part]);
    }
}
