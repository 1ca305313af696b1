namespace Orleans
{
    /// <summary>A record in memory, as a storage provider sees it.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The state.</summary>
        T? State { get; set; }

        /// <summary>The version.</summary>
        string? ETag { get; set; }

        /// <summary>Whether the record exists in storage.</summary>
        bool RecordExists { get; set; }
    }

    /// <summary>A record in memory.</summary>
    [GenerateSerializer]
    public class GrainState<T> : IGrainState<T>
    {
        /// <summary>An empty record.</summary>
        public GrainState() { }

        /// <summary>A record with a state.</summary>
        public GrainState(T state) : this(state, null) { }

        /// <summary>A record with a state and a version.</summary>
        public GrainState(T state, string? eTag)
        {
            State = state;
            ETag = eTag;
        }

        /// <inheritdoc/>
        [Id(0)]
        public T? State { get; set; }

        /// <inheritdoc/>
        [Id(1)]
        public string? ETag { get; set; }

        /// <inheritdoc/>
        [Id(2)]
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>Stores records of grains. A write or clear compares the version and completes only when it is done for good.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads a record: sets state, version and existence.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes a record.</summary>
        /// <exception cref="InconsistentStateException">The stored version is another.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Clears a record.</summary>
        /// <exception cref="InconsistentStateException">The stored version is another.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }

    /// <summary>A write or clear met another version of the record than the one it was based on.</summary>
    [GenerateSerializer]
    public class InconsistentStateException : OrleansException
    {
        /// <summary>Without details.</summary>
        public InconsistentStateException() { }

        /// <summary>With a message.</summary>
        public InconsistentStateException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public InconsistentStateException(string message, Exception? innerException) : base(message, innerException) { }

        /// <summary>With the two versions.</summary>
        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException = null)
            : base($"{errorMsg} (stored version {storedEtag ?? "none"}, expected {currentEtag ?? "none"})", storageException)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>The version in storage.</summary>
        [Id(0)]
        public string? StoredEtag { get; private set; }

        /// <summary>The version that the writer had.</summary>
        [Id(1)]
        public string? CurrentEtag { get; private set; }

        /// <summary>Whether the activation that reports this is the writer; such an activation ends.</summary>
        [Id(2)]
        internal bool IsSourceActivation { get; set; } = true;
    }

    /// <summary>A storage provider is not configured, or wrongly.</summary>
    [GenerateSerializer]
    public class BadProviderConfigException : OrleansException
    {
        /// <summary>Without details.</summary>
        public BadProviderConfigException() { }

        /// <summary>With a message.</summary>
        public BadProviderConfigException(string msg) : base(msg) { }

        /// <summary>With a message and a cause.</summary>
        public BadProviderConfigException(string msg, Exception? exc) : base(msg, exc) { }
    }
}

namespace Orleans.Providers
{
    /// <summary>Names of providers.</summary>
    public static class ProviderConstants
    {
        /// <summary>The storage of records that name none.</summary>
        public const string DEFAULT_STORAGE_PROVIDER_NAME = "Default";
    }
}
