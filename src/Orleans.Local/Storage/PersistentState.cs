using System.Reflection;
using System.Runtime.CompilerServices;
using AlpacaCot.LocalSilo.Runtime;
using Orleans.Core;
using Orleans.Storage;

namespace AlpacaCot.LocalSilo.Storage;

/// <summary>A record of an activation: keeps state and version in memory, and the storage does the rest.</summary>
internal sealed class PersistentState<TState>(string name, GrainId grainId, IGrainStorage storage) : IPersistentState<TState>, IGrainState<TState>
{
    private bool _read;

    public TState State
    {
        get => field ??= NewState();
        set;
    }

    TState? IGrainState<TState>.State
    {
        get => State;
        set => State = value!;
    }

    public string? Etag { get; private set; }

    string? IGrainState<TState>.ETag
    {
        get => Etag;
        set => Etag = value;
    }

    public bool RecordExists { get; private set; }

    bool IGrainState<TState>.RecordExists
    {
        get => RecordExists;
        set => RecordExists = value;
    }

    public async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grainId, this);
        _read = true;
    }

    public Task WriteStateAsync() => storage.WriteStateAsync(name, grainId, this);

    public Task ClearStateAsync() => storage.ClearStateAsync(name, grainId, this);

    /// <summary>Reads the record when the activation sets up its state, unless somebody already did.</summary>
    public Task SetUpAsync(CancellationToken cancellationToken) => _read ? Task.CompletedTask : ReadStateAsync();

    /// <summary>A new state; where its class has no constructor without parameters, one with nothing set.</summary>
    public static TState NewState()
    {
        var type = typeof(TState);
        if (type.IsValueType || type.IsAbstract || type.IsArray || type == typeof(string)) return default!;
        return type.GetConstructor(Type.EmptyTypes) is null ? (TState)RuntimeHelpers.GetUninitializedObject(type) : Activator.CreateInstance<TState>();
    }
}

/// <inheritdoc/>
internal sealed class PersistentStateFactory(IServiceProvider services) : IPersistentStateFactory
{
    public IPersistentState<TState> Create<TState>(IGrainContext context, IPersistentStateConfiguration config)
    {
        var state = new PersistentState<TState>(config.StateName, context.GrainId, Storages.Get(services, config.StorageName, $"state '{config.StateName}' of {context.GrainId}"));
        context.ObservableLifecycle.Subscribe(config.StateName, GrainLifecycleStage.SetupState, state.SetUpAsync);
        return state;
    }
}

internal static class Storages
{
    public static IGrainStorage Get(IServiceProvider services, string? name, string what)
    {
        name = string.IsNullOrEmpty(name) ? Orleans.Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME : name;
        return services.GetKeyedService<IGrainStorage>(name)
            ?? throw new BadProviderConfigException($"no grain storage is named '{name}' ({what}): add it to the silo, for one with AddMemoryGrainStorage(\"{name}\")");
    }
}

/// <summary>The one record of a <see cref="Grain{TGrainState}"/>.</summary>
internal static class LegacyState
{
    private static readonly MethodInfo s_attach = typeof(LegacyState).GetMethod(nameof(AttachOf), BindingFlags.Static | BindingFlags.NonPublic)!;

    public static void Attach(Activation activation, object grain, Type state) => s_attach.MakeGenericMethod(state).Invoke(null, [activation, grain]);

    private static void AttachOf<TState>(Activation activation, Grain<TState> grain)
    {
        var name = activation.Class.Type.FullName!;
        var state = new PersistentState<TState>(name, activation.GrainId, Storages.Get(activation.ActivationServices, null, $"state of {activation.GrainId}"));
        activation.ObservableLifecycle.Subscribe(name, GrainLifecycleStage.SetupState, state.SetUpAsync);
        grain.SetStorage((IStorage<TState>)state);
    }
}
