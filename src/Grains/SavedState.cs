namespace AlpacaCot.Grains;

/// <summary>How grains write their records.</summary>
internal static class SavedState
{
    /// <summary>A store that has not answered by then does not: its disk or its database hangs. Four times what a disk may take that is busy with checkpoints.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    /// <summary>Writes a record. Where that fails, what is in memory is ahead of the record: the activation ends, and the next one goes on from the record.</summary>
    public static async Task SaveAsync<T>(this IPersistentState<T> state, IGrainBase grain)
    {
        try
        {
            await state.WriteStateAsync().WithinPatience();
        }
        catch
        {
            grain.DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Waits for the store, but not for ever.</summary>
    /// <exception cref="TimeoutException">It does not answer. What was to be written may still be.</exception>
    public static async Task WithinPatience(this Task stored)
    {
        try
        {
            await stored.WaitAsync(_patience);
        }
        catch (TimeoutException) when (!stored.IsCompleted)
        {
            throw new TimeoutException(FormattableString.Invariant($"the store has not answered for {_patience.TotalSeconds:0} s"));
        }
    }
}
