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
