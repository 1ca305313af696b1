using AlpacaCot.Grains.Contracts;
using AlpacaCot.Silo.Hosting;
using Npgsql;

namespace AlpacaCot.Tests.Silo.Hosting;

/// <summary>The cluster's tables in a fresh PostgreSQL.</summary>
[Collection(Postgres.Name)]
public sealed class ClusterSchemaTests(Postgres server)
{
    private static async Task<T> ReadAsync<T>(NpgsqlDataSource database, string query)
    {
        await using var command = database.CreateCommand(query);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    [Fact]
    public async Task Apply_FreshDatabase_RecordsTheProgramsVersion()
    {
        await using var database = ClusterSchema.Open(await server.DatabaseAsync());
        await ClusterSchema.ApplyAsync(database, default);
        Assert.Equal(ClusterSchema.Version, await ReadAsync<int>(database, "SELECT max(version) FROM cluster_schema"));
        Assert.Equal(PlatformCluster.Schema, await ReadAsync<string>(database, "SELECT schemaname::text FROM pg_tables WHERE tablename = 'orleansquery'"));
    }

    [Fact]
    public async Task Apply_BySeveralSilosAtOnce_IsDoneOnce()
    {
        var connection = await server.DatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var database = ClusterSchema.Open(connection);
            await ClusterSchema.ApplyAsync(database, default);
        }));
        await using var database = ClusterSchema.Open(connection);
        Assert.Equal(1, await ReadAsync<long>(database, "SELECT count(*) FROM cluster_schema"));
    }

    [Fact]
    public async Task Files_AppliedTwiceByHand_ChangeNothing()
    {
        await using var database = ClusterSchema.Open(await server.DatabaseAsync());
        await ClusterSchema.ApplyAsync(database, default);
        foreach (var (_, text) in ClusterSchema.Files)
        {
            await using var command = database.CreateCommand(text);
            await command.ExecuteNonQueryAsync();
        }
        Assert.Equal(20, await ReadAsync<long>(database, "SELECT count(*) FROM orleansquery"));
    }

    [Fact]
    public async Task Apply_WithAUserWhoMayMakeNoTables_NeedsOnlyWhatIsThere()
    {
        var connection = await server.DatabaseAsync();
        await using (var owner = ClusterSchema.Open(connection))
        {
            await ClusterSchema.ApplyAsync(owner, default);
            await ReadAsync<object>(owner, $"""
                DROP ROLE IF EXISTS silo;
                CREATE ROLE silo LOGIN;
                GRANT USAGE ON SCHEMA {PlatformCluster.Schema} TO silo;
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {PlatformCluster.Schema} TO silo;
                SELECT 1
                """);
        }
        await using var database = ClusterSchema.Open(new NpgsqlConnectionStringBuilder(connection) { Username = "silo" }.ConnectionString);
        await ClusterSchema.ApplyAsync(database, default);
        await using (var owner = ClusterSchema.Open(connection)) await ReadAsync<object>(owner, "DROP OWNED BY silo; DROP ROLE silo; SELECT 1");
    }

    [Fact]
    public async Task Apply_DatabaseOfANewerProgram_IsRefusedInWords()
    {
        await using var database = ClusterSchema.Open(await server.DatabaseAsync());
        await ClusterSchema.ApplyAsync(database, default);
        await ReadAsync<int>(database, $"INSERT INTO cluster_schema (version) VALUES ({ClusterSchema.Version + 1}) RETURNING version");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => ClusterSchema.ApplyAsync(database, default));
        Assert.Contains($"version {ClusterSchema.Version + 1}", refused.Message, StringComparison.Ordinal);
    }
}
