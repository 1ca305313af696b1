using Orleans.Metadata;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime.Placement
{
    /// <summary>The grain that is to be placed.</summary>
    public readonly struct PlacementTarget
    {
        /// <summary>Describes a grain.</summary>
        public PlacementTarget(GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
        {
            GrainIdentity = grainIdentity;
            RequestContextData = requestContextData;
            InterfaceType = interfaceType;
            InterfaceVersion = interfaceVersion;
        }

        /// <summary>The grain.</summary>
        public GrainId GrainIdentity { get; }

        /// <summary>The interface of the request that activates it.</summary>
        public GrainInterfaceType InterfaceType { get; }

        /// <summary>The version of that interface.</summary>
        public ushort InterfaceVersion { get; }

        /// <summary>The request context of that request.</summary>
        public Dictionary<string, object> RequestContextData { get; }
    }
}

namespace Orleans.Placement
{
    /// <summary>A filter on the silos that may host grains of a class. Of several on one class, each needs its own order; lower ones run first.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public abstract class PlacementFilterAttribute : Attribute
    {
        /// <summary>Takes the strategy.</summary>
        protected PlacementFilterAttribute(PlacementFilterStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementFilterStrategy = placement;
        }

        /// <summary>The strategy.</summary>
        public PlacementFilterStrategy PlacementFilterStrategy { get; }
    }

    /// <summary>The parameters of a filter. Needs a public constructor without parameters.</summary>
    public abstract class PlacementFilterStrategy
    {
        /// <summary>Takes the order.</summary>
        protected PlacementFilterStrategy(int order) => Order = order;

        /// <summary>The place among the filters of a class.</summary>
        public int Order { get; }

        /// <summary>Called once with the properties of the grain class.</summary>
        public virtual void AdditionalInitialize(GrainProperties properties) { }

        /// <summary>Properties that this filter adds to those of the grain class.</summary>
        protected virtual IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
            IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) => [];

        internal IEnumerable<KeyValuePair<string, string>> Properties(
            IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existing)
            => GetAdditionalGrainProperties(services, grainClass, grainType, existing);
    }

    /// <summary>Decides which silos remain. Pure and fast: no I/O, no grain calls.</summary>
    public interface IPlacementFilterDirector
    {
        /// <summary>The silos that may host the grain.</summary>
        IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos);
    }

    /// <summary>Registers placement filters.</summary>
    public static class PlacementFilterExtensions
    {
        /// <summary>Registers a filter's strategy and its director.</summary>
        public static IServiceCollection AddPlacementFilter<TFilter, TDirector>(this IServiceCollection services, ServiceLifetime strategyLifetime)
            where TFilter : PlacementFilterStrategy, new()
            where TDirector : class, IPlacementFilterDirector
        {
            services.Add(new ServiceDescriptor(typeof(PlacementFilterStrategy), typeof(TFilter).Name, typeof(TFilter), strategyLifetime));
            return services.AddKeyedSingleton<IPlacementFilterDirector, TDirector>(typeof(TFilter));
        }
    }
}
