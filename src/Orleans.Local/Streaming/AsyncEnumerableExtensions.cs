using AlpacaCot.LocalSilo.Streaming;

namespace Orleans.Runtime;

/// <summary>How results of grain methods are enumerated.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>Sets how many items that are ready one response may carry (100 unless set). First in the chain, before <c>WithCancellation</c>.</summary>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        return self is GrainEnumerable<T> grain ? grain with { MaxBatchSize = maxBatchSize } : self;
    }
}
