namespace Orleans.Runtime;

/// <summary>A reference to a grain: what <see cref="IGrainFactory"/> makes. References to one grain are equal.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private protected GrainReference(GrainId grainId, GrainInterfaceType interfaceType)
    {
        GrainId = grainId;
        InterfaceType = interfaceType;
    }

    /// <summary>The grain's identity.</summary>
    public GrainId GrainId { get; }

    /// <summary>The interface of this reference.</summary>
    public GrainInterfaceType InterfaceType { get; }

    /// <summary>The interface's name.</summary>
    public string InterfaceName => InterfaceType.ToString();

    /// <summary>This grain through another interface.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>() where TGrainInterface : IAddressable
        => throw new GrainReferenceNotBoundException($"the reference to {GrainId} belongs to no runtime");

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"GrainReference:{GrainId}:{InterfaceType}";

    /// <summary>Equality of the grains' identities.</summary>
    public static bool operator ==(GrainReference? left, GrainReference? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Inequality of the grains' identities.</summary>
    public static bool operator !=(GrainReference? left, GrainReference? right) => !(left == right);
}
