namespace AlpacaCot.Tokenizers.Text;

/// <summary>A list of ids that the thread uses again for the next text, so that encoding allocates only its result.</summary>
internal readonly ref struct IdList
{
    private const int Enough = 1 << 18;

    [ThreadStatic]
    private static List<int>? _spare;

    private IdList(List<int> ids) => Ids = ids;

    /// <summary>The ids.</summary>
    public List<int> Ids { get; }

    /// <summary>Takes the thread's list, empty.</summary>
    public static IdList Rent()
    {
        var ids = _spare ?? new List<int>(256);
        _spare = null;
        return new IdList(ids);
    }

    /// <summary>Gives it back; one that a very long text has grown is let go.</summary>
    public void Dispose()
    {
        Ids.Clear();
        if (Ids.Capacity <= Enough) _spare = Ids;
    }
}
