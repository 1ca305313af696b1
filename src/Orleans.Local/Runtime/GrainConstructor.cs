using System.Reflection;

namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>Constructs grains: records of state by their attribute, the context, everything else from the activation's services.</summary>
internal static class GrainConstructor
{
    private static readonly MethodInfo s_create = typeof(GrainConstructor).GetMethod(nameof(CreateState), BindingFlags.Static | BindingFlags.NonPublic)!;

    public static Func<Activation, object> For(Type type)
    {
        var constructors = type.GetConstructors();
        var chosen = constructors.FirstOrDefault(c => c.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute))) ?? constructors.MaxBy(c => c.GetParameters().Length)
            ?? throw new OrleansConfigurationException($"{type} has no public constructor");
        var invoker = ConstructorInvoker.Create(chosen);
        var sources = chosen.GetParameters().Select(p => Source(type, p)).ToArray();
        return activation =>
        {
            var arguments = new object?[sources.Length];
            for (var i = 0; i < sources.Length; i++) arguments[i] = sources[i](activation);
            return invoker.Invoke(arguments.AsSpan());
        };
    }

    private static Func<Activation, object?> Source(Type grain, ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state)
        {
            if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
                throw new OrleansConfigurationException($"{grain}: parameter {parameter.Name} has [PersistentState] and must be an IPersistentState<T>");
            var create = s_create.MakeGenericMethod(type.GetGenericArguments()).CreateDelegate<Func<IPersistentStateFactory, IGrainContext, IPersistentStateConfiguration, object>>();
            return activation => create(activation.ActivationServices.GetRequiredService<IPersistentStateFactory>(), activation, state);
        }
        if (type == typeof(IGrainContext)) return activation => activation;
        if (type == typeof(IServiceProvider)) return activation => activation.ActivationServices;
        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed) return activation => activation.ActivationServices.GetRequiredKeyedService(type, keyed.Key);
        if (parameter.HasDefaultValue) return activation => activation.ActivationServices.GetService(type) ?? parameter.DefaultValue;
        return activation => activation.ActivationServices.GetService(type)
            ?? throw new InvalidOperationException($"{grain.Name} needs a {type.Name} that is not among the silo's services");
    }

    private static object CreateState<TState>(IPersistentStateFactory factory, IGrainContext context, IPersistentStateConfiguration configuration)
        => factory.Create<TState>(context, configuration);
}
