namespace AlpacaCot.Grains;

/// <summary>How grains write their records.</summary>
internal static class SavedState
{
    /// <summary>Writes a record. Where that fails, what is in memory is ahead of the record: the activation ends, and the next one goes on from the record.</summary>
    public static async Task SaveAsync<T>(this IPersistentState<T> state, IGrainBase grain)
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            grain.DeactivateOnIdle();
            throw;
        }
    }
}
