using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AlpacaCot.Silo.Storage;

/// <summary>The file of the grains' state: its one table, and the settings under which a silo holds it.</summary>
internal static class SqliteSchema
{
    /// <summary>SQLite's code for a database that another process holds.</summary>
    public const int Busy = 5;

    /// <summary>Name of the file in the home's folder of state.</summary>
    public const string FileName = "grains.db";

    /// <summary>Counts changes of the table; a file of a later version is refused.</summary>
    private const int Version = 1;

    /// <summary>Takes the file for this process and makes the table where there is none.</summary>
    /// <exception cref="SqliteException">Another process holds it, or it is no database.</exception>
    /// <exception cref="OrleansConfigurationException">A later version of this program made it.</exception>
    public static void Prepare(SqliteConnection database)
    {
        // Exclusive: the lock is the silo's for its whole life, and the system gives it back however the process ends. FULL: a commit survives a power cut.
        foreach (var text in (string[])["PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"]) Execute(database, text);
        RequireKnown(database);
        Execute(database, "CREATE TABLE IF NOT EXISTS record (grain TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (grain, name)) WITHOUT ROWID");
        Execute(database, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}"));
        Execute(database, "COMMIT");
    }

    /// <summary>Refuses a file that a later version of this program made.</summary>
    public static void RequireKnown(SqliteConnection database)
    {
        if (VersionOf(database) > Version) throw new OrleansConfigurationException($"the state in {database.DataSource} was written by a later version of this program; update it, or use another home");
    }

    /// <summary>Whether the file has its table.</summary>
    public static bool IsMade(SqliteConnection database) => VersionOf(database) > 0;

    private static long VersionOf(SqliteConnection database)
    {
        using var command = database.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void Execute(SqliteConnection database, string text)
    {
        using var command = database.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
