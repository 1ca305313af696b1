namespace AlpacaCot.Kernels;

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
        var places = new List<int>?[count];
        for (var place = 0; place < rows.Length; place++)
            if (rows[place] >= 0) (places[rows[place]] ??= []).Add(place);
        Tensor Kept(IEnumerable<int> numbers) => tensor([.. numbers.Select(number => (long)number)]).KeptOn(device);
        int[] Those(Func<int, bool> number) => [.. Enumerable.Range(0, count).Where(row => places[row] is { } own && number(own.Count))];
        int[] single = Those(number => number == 1), several = Those(number => number > 1);
        Rows = Kept(rows.Select(row => row < 0 ? ~row : row));
        (_single, _singlePlaces) = (Kept(single), Kept(single.Select(row => places[row]![0])));
        if (several.Length == 0) return;
        var most = several.Max(row => places[row]!.Count);
        _several = Kept(several);
        // Filled up with a place of its own: another's could hold what is no number, which no zero takes away.
        _severalPlaces = Kept(several.SelectMany(row => places[row]!.Concat(Enumerable.Repeat(places[row]![0], most - places[row]!.Count))));
        if (several.All(row => places[row]!.Count == most)) return;
        float[] present = [.. several.SelectMany(row => Enumerable.Range(0, most).Select(i => i < places[row]!.Count ? 1f : 0f))];
        _present = tensor(present, [several.Length, most]).KeptOn(device);
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
}
