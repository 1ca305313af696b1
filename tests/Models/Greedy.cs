namespace AlpacaCot.Models.Tests;

/// <summary>Greedy decoding, with a cache and by whole forwards.</summary>
internal static class Greedy
{
    public static long[] Cached(Decoder decoder, long[] prompt, int count)
    {
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate(prompt.Length);
        var ids = new List<long>();
        long[] next = prompt;
        while (ids.Count < count)
        {
            using var scope = torch.NewDisposeScope();
            var layout = new SegmentLayout([new Segment(0, next.Length, Position: cache.Length(sequence), Sequence: sequence)]);
            var hidden = decoder.Hidden(torch.tensor(next), layout, cache: cache);
            ids.Add(Best(decoder, hidden));
            next = [ids[^1]];
        }
        return [.. ids];
    }

    public static long[] Whole(Decoder decoder, long[] prompt, int count)
    {
        var ids = prompt.ToList();
        while (ids.Count < prompt.Length + count)
        {
            using var scope = torch.NewDisposeScope();
            using var _ = torch.no_grad();
            ids.Add(Best(decoder, decoder.Hidden(torch.tensor(ids.ToArray()), SegmentLayout.Single(ids.Count))));
        }
        return [.. ids.Skip(prompt.Length)];
    }

    private static long Best(Decoder decoder, Tensor hidden)
    {
        using var _ = torch.no_grad();
        return decoder.Logits(hidden.narrow(0, hidden.size(0) - 1, 1), SegmentLayout.Single(1)).argmax(-1).item<long>();
    }
}
