namespace AlpacaCot.Torch.Tests;

public sealed class DisposeScopeTests
{
    [Fact]
    public void Dispose_OfAScope_FreesNativeBytesOfItsTensors()
    {
        var before = torch.memory.live_bytes;
        using (torch.NewDisposeScope())
        {
            var x = torch.ones(1000, 1000);
            _ = x + x;
            Assert.Equal(before + 8_000_000, torch.memory.live_bytes);
        }
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void MoveToOuterDisposeScope_OfAResult_SurvivesTheInnerScope()
    {
        var before = torch.memory.live_bytes;
        using (torch.NewDisposeScope())
        {
            Tensor kept;
            using (torch.NewDisposeScope()) kept = (torch.ones(256) * 2).MoveToOuterDisposeScope();
            Assert.Equal(512, kept.sum().item<float>());
        }
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void DetachFromDisposeScope_OfAParameter_LivesUntilDisposed()
    {
        var before = torch.memory.live_bytes;
        Tensor parameter;
        using (torch.NewDisposeScope()) parameter = torch.zeros(1024).DetachFromDisposeScope();
        Assert.False(parameter.IsDisposed);
        Assert.Equal(before + 4096, torch.memory.live_bytes);
        parameter.Dispose();
        Assert.Equal(before, torch.memory.live_bytes);
    }

    [Fact]
    public void Use_AfterTheScopeEnded_ThrowsObjectDisposed()
    {
        Tensor x;
        using (torch.NewDisposeScope()) x = torch.ones(3);
        Assert.Throws<ObjectDisposedException>(() => x + 1);
    }

    [Fact]
    public void Dispose_OfAnOuterScopeFirst_Throws()
    {
        var outer = torch.NewDisposeScope();
        using (torch.NewDisposeScope()) Assert.Throws<TorchException>(outer.Dispose);
        outer.Dispose();
    }

    [Fact]
    public void Dispose_OnAnotherThread_Throws()
    {
        using var scope = torch.NewDisposeScope();
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(scope.Dispose));
        thread.Start();
        thread.Join();
        Assert.IsType<TorchException>(thrown);
    }

    [Fact]
    public void Using_OfManyTemporaries_KeepsTheScopeSmall()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.ones(4);
        for (var i = 0; i < 1000; i++)
        {
            using var y = x + 1;
            using var z = y * 2;
        }
        Assert.Equal(1, scope.Count);
    }

    [Fact]
    public void Finalizer_OfForgottenTensors_FreesThem()
    {
        var before = torch.memory.live_bytes;
        Forget();
        for (var i = 0; i < 50 && torch.memory.live_bytes > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Equal(before, torch.memory.live_bytes);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (var i = 0; i < 10; i++) _ = torch.ones(10_000);
        }
    }
}
