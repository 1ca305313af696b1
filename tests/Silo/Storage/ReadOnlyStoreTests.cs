using AlpacaCot.Silo.Storage;
using Microsoft.Data.Sqlite;

namespace AlpacaCot.Tests.Silo.Storage;

/// <summary>Looking into the records where no silo runs.</summary>
public sealed class ReadOnlyStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string File => _folder["grains.db"];

    private static async Task<string> ReadAsync(string file)
    {
        using var store = SqliteStore.OpenReadOnly(file)!;
        return await store.ReadAsync("g", "s") is { } found ? System.Text.Encoding.UTF8.GetString(found.Body) : "nothing";
    }

    [Fact]
    public async Task Read_AfterTheSiloEnded_FindsTheRecordAndLeavesTheFileAsItIs()
    {
        using (var store = new SqliteStore(File)) await store.WriteAsync("g", "s", null, "kept"u8.ToArray());
        var before = System.IO.File.ReadAllBytes(File);
        Assert.Equal("kept", await ReadAsync(File));
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        // The next silo is not in its way.
        using var again = new SqliteStore(File);
        Assert.NotNull(await again.ReadAsync("g", "s"));
    }

    [Fact]
    public async Task Read_AfterTheSiloWasKilled_FindsWhatIsOnlyInTheLog()
    {
        using var store = new SqliteStore(File);
        await store.WriteAsync("g", "s", null, "acknowledged"u8.ToArray());
        // What is on disk at this moment is what a killed process leaves.
        foreach (var file in (string[])["grains.db", "grains.db-wal"]) System.IO.File.Copy(_folder[file], _folder["left-" + file]);
        Assert.Equal("acknowledged", await ReadAsync(_folder["left-grains.db"]));
    }

    [Fact]
    public void Open_WhileASiloHoldsTheFile_IsBusy()
    {
        using var store = new SqliteStore(File);
        var problem = Assert.Throws<OrleansConfigurationException>(() => SqliteStore.OpenReadOnly(File));
        Assert.Equal(SqliteSchema.Busy, Assert.IsType<SqliteException>(problem.InnerException).SqliteErrorCode);
    }

    [Fact]
    public void Open_WhereNothingWasStoredYet_IsNull()
    {
        Assert.Null(SqliteStore.OpenReadOnly(File));
        // What a disk that was full leaves.
        System.IO.File.WriteAllBytes(File, []);
        Assert.Null(SqliteStore.OpenReadOnly(File));
    }

    [Fact]
    public async Task Write_IsRefused()
    {
        using (new SqliteStore(File)) { }
        using var store = SqliteStore.OpenReadOnly(File)!;
        Assert.Contains("readonly", (await Assert.ThrowsAsync<OrleansException>(() => store.WriteAsync("g", "s", null, new byte[1]))).Message, StringComparison.Ordinal);
    }
}
