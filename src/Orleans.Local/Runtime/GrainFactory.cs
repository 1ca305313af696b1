using AlpacaCot.LocalSilo.Proxies;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>Makes references. Which grain type an interface means is the owner's knowledge: a silo's classes, or what a gateway told its client.</summary>
internal sealed class GrainFactory(ICallSender sender, Func<InterfaceShape, string?, GrainType> resolve, IServiceProvider services) : IClusterClient
{
    public IServiceProvider ServiceProvider { get; } = services;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
        => (TGrainInterface)Make(typeof(TGrainInterface), StringKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey
        => (TGrainInterface)Make(typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey
        => (TGrainInterface)Make(typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey
        => (TGrainInterface)Make(typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey, keyExtension), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey
        => (TGrainInterface)Make(typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey, keyExtension), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable
        => (TGrainInterface)sender.CreateReference(grainId, InterfaceShape.Of(typeof(TGrainInterface)));

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)Make(grainInterfaceType, StringKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey)
        => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey)
        => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension)
        => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey, keyExtension), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension)
        => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey, keyExtension), null);

    public IAddressable GetGrain(GrainId grainId) => (IAddressable)sender.CreateReference(grainId, InterfaceShape.Of(typeof(IGrain)));

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType)
        => (IAddressable)sender.CreateReference(grainId, InterfaceShape.ByName(interfaceType.ToString())
            ?? throw new ArgumentException($"no grain interface is named '{interfaceType}'", nameof(interfaceType)));

    private static IdSpan StringKey(string key)
    {
        if (string.IsNullOrWhiteSpace(key)) throw new ArgumentException("a grain's key cannot be blank", nameof(key));
        return IdSpan.Create(key);
    }

    private object Make(Type type, IdSpan key, string? classPrefix)
    {
        var shape = InterfaceShape.Of(type);
        return sender.CreateReference(GrainId.Create(resolve(shape, classPrefix), key), shape);
    }
}
