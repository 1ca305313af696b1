namespace AlpacaCot.Torch.Tests;

public sealed class TensorTests
{
    [Fact]
    public void Tensor_OfValues_KeepsShapeTypeAndOrder()
    {
        using var scope = torch.NewDisposeScope();
        var t = torch.tensor([1, 2, 3, 4, 5, 6], [2, 3], torch.int64);
        Assert.Equal([2L, 3], t.shape);
        Assert.Equal(torch.int64, t.dtype);
        Assert.Equal(3, t.size(-1));
        Assert.Equal(3, t.stride(0));
        Assert.Equal([1L, 4, 2, 5, 3, 6], t.t().data<long>());
        Assert.Throws<TorchException>(() => torch.tensor([1f, 2], [3]));
        Assert.Throws<TorchException>(() => t.size(2));
    }

    [Fact]
    public void Data_OfBFloat16_ConvertsToFloat()
    {
        using var scope = torch.NewDisposeScope();
        var t = torch.tensor([1.001f, -2.5f]).to(torch.bfloat16);
        Assert.Equal(2, t.element_size());
        Assert.Equal([1f, -2.5f], t.data<float>());
        Assert.Equal(-2.5, t[1].item<double>());
        Assert.Throws<TorchException>(() => t.item<float>());
    }

    [Fact]
    public void Operators_WithTensorsAndNumbers_AreElementwise()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([1f, 2, 4]);
        Assert.Equal([3f, 6, 12], (x + x * 2).data<float>());
        Assert.Equal([0f, -1, -3], (1 - x).data<float>());
        Assert.Equal([1f, 0.5f, 0.25f], (1 / x).data<float>());
        Assert.Equal([-0.5f, -1, -2], (-x / 2).data<float>());
        x.add_(x, 0.5);
        Assert.Equal([1.5f, 3, 6], x.data<float>());
        var ids = torch.tensor([5L, 7]);
        Assert.Equal(torch.int64, (ids + 1).dtype);
    }

    [Fact]
    public void Indexing_OfAllKinds_TakesTheRightElements()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.arange(12).view(3, 4);
        Assert.Equal([4L, 5, 6, 7], x[1].data<long>());
        Assert.Equal([8L, 9, 10, 11], x[2..].data<long>());
        Assert.Equal([3L, 11], x.index(torch.tensor([0L, 2]), torch.tensor([3L, 3])).data<long>());
        Assert.Equal([1L, 5, 9], x.index(null, torch.tensor([1L])).data<long>());
        Assert.Equal([0L, 2], x[0].slice(0, 0, step: 2).data<long>());
        x.index_put_([torch.tensor([0L])], torch.zeros([1], torch.int64), accumulate: false);
        Assert.Equal(0, x[0].sum().item<long>());
        x.index_copy_(0, torch.tensor([2L]), torch.ones([1, 4], torch.int64));
        Assert.Equal(4, x[2].sum().item<long>());
        Assert.Equal([2L, 1], torch.tensor([3f, 1, 2]).argsort(descending: false).data<long>()[..2].Reverse().ToArray());
    }

    [Fact]
    public void Span_OfContiguousMemory_WritesThrough()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.zeros(2, 2);
        x.span<float>()[3] = 5;
        Assert.Equal(5, x[1][1].item<float>());
        Assert.Throws<TorchException>(() => x.t().span<float>());
        Assert.Throws<TorchException>(() => x.span<double>());
        x.set_data<double>([1, 2, 3, 4]);
        Assert.Equal([1f, 2, 3, 4], x.data<float>());
    }

    [Fact]
    public void Call_ByName_ReachesAnyOperator()
    {
        using var scope = torch.NewDisposeScope();
        var x = torch.tensor([1f, 2, 3, 4]);
        var found = torch.call("std_mean", "", x, true);
        Assert.Equal(2, found.Length);
        Assert.Equal(2.5f, ((Tensor)found[1]!).item<float>());
        Assert.Equal(10.0, torch.call("item", "", x.sum())[0]);
        Assert.Equal(1f, ((Tensor)torch.call("native_layer_norm", "", x.view(1, 4), new long[] { 4 }, default, default, 1)[0]!).square().mean().item<float>(), 0.5f);
        Assert.StartsWith("aten::std_mean", torch.schema("std_mean"), StringComparison.Ordinal);
        Assert.False(torch.has("no_such_operator"));
        Assert.Contains("no operator no_such_operator", Assert.Throws<TorchException>(() => torch.call("no_such_operator", "")).Message, StringComparison.Ordinal);
        Assert.Contains("misses argument", Assert.Throws<TorchException>(() => torch.call("add", "Tensor", x)).Message, StringComparison.Ordinal);
        Assert.Throws<TorchException>(() => torch.call("add", "Tensor", x, "text"));
        Assert.Throws<TorchException>(() => torch.call("relu", "", x, x, x));
    }

    [Fact]
    public void Cuda_WhereThereIsNone_IsRefusedWithTheFix()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "this machine has a GPU");
        Assert.Equal(0, torch.cuda.device_count());
        using var scope = torch.NewDisposeScope();
        Assert.Contains("use device cpu", Assert.Throws<TorchException>(() => torch.zeros([2], device: torch.device("cuda:0"))).Message, StringComparison.Ordinal);
        Assert.Throws<TorchException>(() => torch.device("tpu"));
    }

    [Fact]
    public void Svd_OfAMatrix_ComposesBack()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(0);
        var a = torch.randn([5, 3], g);
        var (u, s, vh) = torch.linalg.svd(a);
        Setup.AssertClose(a.data<float>(), (u * s).matmul(vh).data<float>(), 1e-4);
    }
}
