namespace AlpacaCot.Kernels;

/// <summary>
/// Rows by number, as often as one likes, on a GPU. What flows back into a row is added up in one order: <c>index_select</c>'s own gradient, and
/// <c>embedding</c>'s, have other bits in every run.
/// </summary>
internal static class GpuRows
{
    /// <param name="x"><c>[rows, ...]</c>.</param>
    /// <param name="rows">int64, on the same device.</param>
    internal static Tensor Take(Tensor x, Tensor rows)
    {
        Tensor y;
        using (no_grad()) y = x.index_select(0, rows);
        var shape = x.shape;
        Autograd.Function([x], [y], [rows], (grads, saved) => [grads[0] is { } dy ? zeros(shape, dy.dtype, dy.device).index_put_(dy, [saved[0]!], accumulate: true) : null]);
        return y;
    }

    /// <summary>As above, for numbers that are known here: sorting them on the GPU, which would be waited for, is left out.</summary>
    internal static Tensor Take(Tensor x, RowTable table)
    {
        Tensor y;
        using (no_grad()) y = x.index_select(0, table.Rows);
        Autograd.Function([x], [y], [], (grads, _) => [grads[0] is { } dy ? table.Back(dy) : null]);
        return y;
    }
}

/// <summary>Which row of a tensor stands at each place of another, and where what flows back into each is found.</summary>
internal sealed class RowTable
{
    private readonly long _count;
    private readonly Tensor _single, _singlePlaces;
    private readonly Tensor? _several, _severalPlaces, _present;

    /// <param name="rows">The row at each place; its complement where no gradient flows back.</param>
    /// <param name="count">Rows that there are.</param>
    /// <param name="device">Where to compute.</param>
    internal RowTable(int[] rows, int count, Device device)
    {
        _count = count;
        var places = new List<long>?[count];
        for (var place = 0; place < rows.Length; place++)
            if (rows[place] >= 0) (places[rows[place]] ??= []).Add(place);
        int[] Those(Func<int, bool> number) => [.. Enumerable.Range(0, count).Where(row => places[row] is { } own && number(own.Count))];
        int[] single = Those(number => number == 1), several = Those(number => number > 1);
        Rows = Held(Array.ConvertAll(rows, row => (long)(row < 0 ? ~row : row)), device);
        (_single, _singlePlaces) = (Held(Array.ConvertAll(single, row => (long)row), device), Held(Array.ConvertAll(single, row => places[row]![0]), device));
        if (several.Length == 0) return;
        var most = several.Max(row => places[row]!.Count);
        _several = Held(Array.ConvertAll(several, row => (long)row), device);
        _severalPlaces = Held([.. several.SelectMany(row => places[row]!.Concat(Enumerable.Repeat(0L, most - places[row]!.Count)))], device);
        if (several.All(row => places[row]!.Count == most)) return;
        using var present = tensor([.. several.SelectMany(row => Enumerable.Range(0, most).Select(i => i < places[row]!.Count ? 1f : 0f))]);
        _present = present.view(several.Length, most).On(device).DetachFromDisposeScope();
    }

    /// <summary>int64: the row at each place.</summary>
    internal Tensor Rows { get; }

    /// <summary>The gradient of the rows, from that of the places.</summary>
    internal Tensor Back(Tensor dy)
    {
        using var scope = NewDisposeScope();
        var shape = dy.shape;
        shape[0] = _count;
        var dx = zeros(shape, dy.dtype, dy.device);
        if (_single.numel() > 0) dx.index_copy_(0, _single, dy.index_select(0, _singlePlaces));
        if (_several is { } several)
        {
            var parts = dy.reshape(dy.size(0), -1).index_select(0, _severalPlaces!).view(several.numel(), -1, dy.numel() / dy.size(0));
            if (_present is { } present) parts = parts * present.to(dy.dtype).unsqueeze(-1);
            shape[0] = several.numel();
            dx.index_copy_(0, several, parts.sum([1]).view(shape));
        }
        return dx.MoveToOuterDisposeScope();
    }

    private static Tensor Held(long[] values, Device device)
    {
        using var here = tensor(values);
        return here.On(device).DetachFromDisposeScope();
    }
}
