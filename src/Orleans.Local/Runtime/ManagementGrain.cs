namespace Orleans.Runtime
{
    /// <summary>What a silo does.</summary>
    public enum SiloStatus
    {
        /// <summary>Unknown.</summary>
        None,
        /// <summary>Just created.</summary>
        Created,
        /// <summary>On its way up.</summary>
        Joining,
        /// <summary>Takes requests.</summary>
        Active,
        /// <summary>Ends its activations.</summary>
        ShuttingDown,
        /// <summary>On its way down.</summary>
        Stopping,
        /// <summary>Gone.</summary>
        Dead,
    }

    /// <summary>What goes on in the silo. <c>GetGrain&lt;IManagementGrain&gt;(0)</c>.</summary>
    public interface IManagementGrain : IGrainWithIntegerKey
    {
        /// <summary>The silos and what they do.</summary>
        Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

        /// <summary>How many activations there are.</summary>
        Task<int> GetTotalActivationCount();

        /// <summary>The active grains of a type.</summary>
        ValueTask<List<GrainId>> GetActiveGrains(GrainType type);

        /// <summary>Where a grain is active; null where it is not.</summary>
        ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference);

        /// <summary>Ends activations that were idle for longer than an age.</summary>
        Task ForceActivationCollection(TimeSpan ageLimit);
    }
}

namespace AlpacaCot.LocalSilo.Runtime
{
    [GrainType("sys.management")]
    internal sealed class ManagementGrain(Silo silo, ILocalSiloDetails details) : Grain, IManagementGrain
    {
        public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive)
            => Task.FromResult(new Dictionary<SiloAddress, SiloStatus> { [details.SiloAddress] = SiloStatus.Active });

        public Task<int> GetTotalActivationCount() => Task.FromResult(silo.Catalog.Count);

        public ValueTask<List<GrainId>> GetActiveGrains(GrainType type)
            => new(silo.Catalog.Activations.Select(a => a.GrainId).Where(id => id.Type == type).ToList());

        public ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference)
            => new(silo.Catalog.Find(reference.GetGrainId()) is null ? null : details.SiloAddress);

        public Task ForceActivationCollection(TimeSpan ageLimit)
        {
            silo.Catalog.Collect(ageLimit);
            return Task.CompletedTask;
        }
    }
}
