using System.Reflection;
using AlpacaCot.Grains.Contracts;
using Npgsql;

namespace AlpacaCot.Silo.Hosting;

/// <summary>The tables and statements that a cluster needs in its database: the files of <c>deploy/postgresql</c>, applied where they are missing.</summary>
internal static class ClusterSchema
{
    /// <summary>The version that the last of the files records.</summary>
    public const int Version = 1;

    // Any number will do, as long as all silos take the same.
    private const int LockNumber = 0x0a1b_aca0;

    /// <summary>The files in the order in which they are applied.</summary>
    public static IReadOnlyList<(string Name, string Text)> Files { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name => (name, Read(name))),
    ];

    /// <summary>A pool of connections that all providers of a silo share.</summary>
    /// <exception cref="ArgumentException">The connection string is none.</exception>
    public static NpgsqlDataSource Open(string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        if (string.IsNullOrEmpty(connection.SearchPath)) connection.SearchPath = PlatformCluster.Schema;
        connection.ApplicationName ??= "alpacacot";
        return new NpgsqlDataSourceBuilder(connection.ConnectionString).Build();
    }

    /// <summary>Brings the database to this program's version. Several silos may do so at once: one works, the others wait for it.</summary>
    /// <exception cref="InvalidOperationException">The database belongs to a newer program.</exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, or the user may not create tables.</exception>
    public static async Task ApplyAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await IsCurrentAsync(connection, cancellationToken)) return;
        var schema = new NpgsqlConnectionStringBuilder(database.ConnectionString).SearchPath!.Split(',')[0].Trim();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockNumber}, hashtext('{schema.Replace("'", "''", StringComparison.Ordinal)}'))", cancellationToken);
        if (await IsCurrentAsync(connection, cancellationToken)) return;
        // A schema that is there already, made by someone who may, needs no right to make one.
        await using var current = new NpgsqlCommand("SELECT current_schema() IS NULL", connection);
        if (await current.ExecuteScalarAsync(cancellationToken) is true) await ExecuteAsync(connection, $"CREATE SCHEMA {new NpgsqlCommandBuilder().QuoteIdentifier(schema)}", cancellationToken);
        foreach (var (_, text) in Files) await ExecuteAsync(connection, text, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('cluster_schema') IS NOT NULL", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true) return false;
        await using var latest = new NpgsqlCommand("SELECT max(version) FROM cluster_schema", connection);
        return await latest.ExecuteScalarAsync(cancellationToken) switch
        {
            int newer when newer > Version => throw new InvalidOperationException(
                $"the cluster's database has tables of version {newer}, this silo knows version {Version}: use the program that the other silos use"),
            int known => known == Version,
            _ => false,
        };
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Read(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
