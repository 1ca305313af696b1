using System.Collections.Immutable;

namespace Orleans.Metadata
{
    /// <summary>Properties of a kind of grain, as text.</summary>
    public class GrainProperties(ImmutableDictionary<string, string> values)
    {
        /// <summary>The properties.</summary>
        public ImmutableDictionary<string, string> Properties { get; } = values;
    }
}

namespace Orleans.Runtime
{
    /// <summary>How a silo is chosen for a new activation. With one silo every strategy chooses it; filters still apply.</summary>
    public abstract class PlacementStrategy;

    /// <summary>Any silo.</summary>
    public class RandomPlacement : PlacementStrategy;

    /// <summary>The caller's silo where possible.</summary>
    public class PreferLocalPlacement : PlacementStrategy;

    /// <summary>A silo by the hash of the grain's key.</summary>
    public class HashBasedPlacement : PlacementStrategy;

    /// <summary>The silo with the fewest activations.</summary>
    public class ActivationCountBasedPlacement : PlacementStrategy;

    /// <summary>The silo with the most free resources.</summary>
    public class ResourceOptimizedPlacement : PlacementStrategy;
}

namespace Orleans.Placement
{
    /// <summary>The placement strategy of a grain class.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class PlacementAttribute : Attribute
    {
        /// <summary>Takes the strategy.</summary>
        protected PlacementAttribute(PlacementStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementStrategy = placement;
        }

        /// <summary>The strategy.</summary>
        public PlacementStrategy PlacementStrategy { get; }
    }

    /// <summary>Activations go to any silo.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class RandomPlacementAttribute() : PlacementAttribute(new RandomPlacement());

    /// <summary>Activations go to the caller's silo where possible.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(new PreferLocalPlacement());

    /// <summary>Activations go to a silo by the hash of their key.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class HashBasedPlacementAttribute() : PlacementAttribute(new HashBasedPlacement());

    /// <summary>Activations go to the silo with the fewest of them.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ActivationCountBasedPlacementAttribute() : PlacementAttribute(new ActivationCountBasedPlacement());

    /// <summary>Activations go to the silo with the most free resources.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ResourceOptimizedPlacementAttribute() : PlacementAttribute(new ResourceOptimizedPlacement());

    /// <summary>What may not move an activation.</summary>
    [Flags]
    public enum ImmovableKind : byte
    {
        /// <summary>The repartitioner.</summary>
        Repartitioner = 1,
        /// <summary>The rebalancer.</summary>
        Rebalancer = 2,
        /// <summary>Both.</summary>
        Any = Repartitioner | Rebalancer,
    }

    /// <summary>Activations of this class stay where they were placed.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ImmovableAttribute(ImmovableKind kind = ImmovableKind.Any) : Attribute
    {
        /// <summary>What may not move them.</summary>
        public ImmovableKind Kind { get; } = kind;
    }
}
