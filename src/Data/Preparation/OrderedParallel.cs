namespace AlpacaCot.Data.Preparation;

/// <summary>Work on rows on all cores whose results come in the rows' order, with a bounded number of them on the way.</summary>
internal static class OrderedParallel
{
    private const int ChunkRows = 128;

    /// <summary>A chunk of larger rows ends earlier, so that memory holds few of them.</summary>
    private const int ChunkSize = 4 << 20;

    /// <summary>The results in the order of the rows. Rows are read on the thread that asks for results.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="size">How large a row is, in bytes or characters.</param>
    /// <param name="work">What is done with one, on any thread.</param>
    /// <param name="threads">How many threads work; with one it is the caller's.</param>
    /// <param name="cancellation">Ends the work between two chunks of rows.</param>
    public static IEnumerable<TResult> Each<TRow, TResult>(IEnumerable<TRow> rows, Func<TRow, int> size, Func<TRow, TResult> work, int threads, CancellationToken cancellation)
    {
        if (threads == 1)
        {
            foreach (var row in rows)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return work(row);
            }
            yield break;
        }
        // Twice as many chunks as threads: the reader is ahead of the workers, and no more.
        var pending = new Queue<Task<TResult[]>>();
        foreach (var chunk in Chunks(rows, size))
        {
            cancellation.ThrowIfCancellationRequested();
            pending.Enqueue(Task.Run(() => Array.ConvertAll(chunk, row => work(row)), cancellation));
            if (pending.Count < 2 * threads) continue;
            foreach (var result in pending.Dequeue().GetAwaiter().GetResult()) yield return result;
        }
        while (pending.TryDequeue(out var last))
            foreach (var result in last.GetAwaiter().GetResult()) yield return result;
    }

    private static IEnumerable<TRow[]> Chunks<TRow>(IEnumerable<TRow> rows, Func<TRow, int> size)
    {
        var chunk = new List<TRow>(ChunkRows);
        var held = 0L;
        foreach (var row in rows)
        {
            chunk.Add(row);
            held += size(row);
            if (chunk.Count < ChunkRows && held < ChunkSize) continue;
            yield return [.. chunk];
            chunk.Clear();
            held = 0;
        }
        if (chunk.Count > 0) yield return [.. chunk];
    }
}
