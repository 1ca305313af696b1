namespace Orleans.Core
{
    /// <summary>One stored record: read, write, clear.</summary>
    public interface IStorage
    {
        /// <summary>The version of the record as last read or written; null where there is none.</summary>
        string? Etag { get; }

        /// <summary>Whether the record exists in storage.</summary>
        bool RecordExists { get; }

        /// <summary>Clears the stored record. The state becomes a new one.</summary>
        Task ClearStateAsync();

        /// <summary>Writes the state as one atomic step.</summary>
        /// <exception cref="Orleans.Storage.InconsistentStateException">Someone else wrote the record since it was read.</exception>
        Task WriteStateAsync();

        /// <summary>Reads the record anew, dropping what is in memory.</summary>
        Task ReadStateAsync();

        /// <summary>Clears the stored record.</summary>
        Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

        /// <summary>Writes the state as one atomic step.</summary>
        Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        /// <summary>Reads the record anew.</summary>
        Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
    }

    /// <summary>One stored record of a type.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The state in memory.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A record of a grain, given to its constructor by <see cref="PersistentStateAttribute"/> and read before activation.</summary>
    public interface IPersistentState<TState> : Orleans.Core.IStorage<TState>;

    /// <summary>Which record of which storage a constructor parameter is.</summary>
    public interface IPersistentStateConfiguration
    {
        /// <summary>The record's name within the grain.</summary>
        string StateName { get; }

        /// <summary>The storage's name; null for the default one.</summary>
        string? StorageName { get; }
    }

    /// <summary>Makes records for an activation.</summary>
    public interface IPersistentStateFactory
    {
        /// <summary>A record that is read when the activation sets up its state.</summary>
        IPersistentState<TState> Create<TState>(IGrainContext context, IPersistentStateConfiguration config);
    }

    /// <summary>Marks a constructor parameter of a grain as a record of its state.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute, IPersistentStateConfiguration
    {
        /// <inheritdoc/>
        public string StateName { get; } = stateName;

        /// <inheritdoc/>
        public string? StorageName { get; } = storageName;
    }
}
