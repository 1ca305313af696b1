namespace AlpacaCot.Data.Preflight;

/// <summary>Finds rows that nearly equal an earlier one.</summary>
internal sealed class NearDuplicates
{
    /// <summary>From this share of equal shingles on rows count as nearly equal.</summary>
    public const double Threshold = 0.8;

    /// <summary>Rows that are kept for comparison; their signatures and bands take about 40 MB. Later ones are compared with these.</summary>
    public const int MostKept = 100_000;

    private readonly List<(uint[] Signature, string Place)> _rows = [];
    private readonly Dictionary<ulong, int>[] _bands = [.. Enumerable.Range(0, MinHash.Permutations / MinHash.BandRows).Select(_ => new Dictionary<ulong, int>())];

    /// <summary>Whether there were more rows than are kept.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Looks a row up and remembers it; the place of the row that it nearly equals, or null.</summary>
    /// <param name="signature">Its MinHash; null compares it with nothing.</param>
    /// <param name="place">Where it stands.</param>
    public string? Add(uint[]? signature, string place)
    {
        if (signature is null) return null;
        string? found = null;
        var index = _rows.Count < MostKept ? _rows.Count : -1;
        if (index < 0) IsPartial = true;
        for (var band = 0; band < _bands.Length; band++)
        {
            var key = 14695981039346656037ul;
            for (var i = 0; i < MinHash.BandRows; i++) key = unchecked((key ^ signature[band * MinHash.BandRows + i]) * 1099511628211ul);
            if (_bands[band].TryGetValue(key, out var other))
            {
                if (found is null && MinHash.Similarity(_rows[other].Signature, signature) >= Threshold) found = _rows[other].Place;
            }
            else if (index >= 0) _bands[band][key] = index;
        }
        if (index >= 0) _rows.Add((signature, place));
        return found;
    }
}
