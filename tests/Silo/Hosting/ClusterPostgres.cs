using System.Globalization;
using Npgsql;

namespace AlpacaCot.Tests.Silo.Hosting;

/// <summary>One PostgreSQL server for all tests that need one; each takes a database of its own.</summary>
[CollectionDefinition(Name)]
public sealed class Postgres : ICollectionFixture<Postgres>, IDisposable
{
    /// <summary>The collection's name.</summary>
    public const string Name = "postgres";

    private readonly Lazy<PrivatePostgres> _server = new(PrivatePostgres.Start);
    private int _databases;

    /// <summary>How to reach a new, empty database; skips the test where PostgreSQL is not installed.</summary>
    public async Task<string> DatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"db{Interlocked.Increment(ref _databases)}");
        await using var connection = new NpgsqlConnection(_server.Value.ConnectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(_server.Value.ConnectionString) { Database = name }.ConnectionString;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server.IsValueCreated) _server.Value.Dispose();
    }
}
