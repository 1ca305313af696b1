using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Products over rows whose number is rounded up. oneDNN prepares a kernel for every number of rows that it has not met (0.2 to 0.6 ms each, a few of them
/// a step where rows are of all lengths) and keeps a thousand; a row's result does not depend on the rows behind it, whatever they hold.
/// </summary>
internal static unsafe class EvenRows
{
    private const int Fine = 8, Coarse = 32, FineUntil = 512;

    // With more, a product takes so long that the preparation does not matter.
    private const int Most = 2048;

    /// <summary>The number of rows that is computed instead of so many.</summary>
    internal static long Count(long rows)
    {
        if (rows > Most || rows < Fine) return rows;
        var multiple = rows <= FineUntil ? Fine : Coarse;
        return Next(rows, multiple);
    }

    /// <summary>The next multiple.</summary>
    internal static long Next(long rows, long multiple) => (rows + multiple - 1) / multiple * multiple;

    /// <summary>
    /// <paramref name="product"/> of x <c>[rows, width]</c>, contiguous, which it gives as <c>[rows, columns]</c>; under <c>no_grad</c>. As many rows as <see cref="Count"/> says.
    /// </summary>
    internal static Tensor Product(Tensor x, Func<Tensor, Tensor> product)
    {
        var (rows, width) = (x.size(0), x.size(1));
        var even = Count(rows);
        if (even == rows) return product(x);
        using var more = Extended(x, even, width);
        using var y = product(more);
        return Aten.Reinterpret(y, rows, y.size(1));
    }

    private static Tensor Extended(Tensor x, long rows, long width)
    {
        if (x.device_type == DeviceType.CPU && TensorMemory.Room(x.Pointer()) >= rows * width * x.element_size()) return Aten.Reinterpret(x, rows, width);
        var copy = empty([rows, width], x.dtype, x.device);
        using var begin = copy.narrow(0, 0, x.size(0));
        begin.copy_(x);
        return copy;
    }
}
