using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>
/// Emits the class of references to a grain interface: each method puts its arguments into an array and calls the sender of
/// <see cref="BoundReference"/> that fits its return type.
/// </summary>
internal static class ReferenceEmitter
{
    private static readonly Lock s_lock = new();
    private static readonly AssemblyBuilder s_assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("AlpacaCot.LocalSilo.References"), AssemblyBuilderAccess.Run);
    private static readonly ModuleBuilder s_module = s_assembly.DefineDynamicModule("References");
    private static readonly ConcurrentDictionary<string, byte> s_open = new(StringComparer.Ordinal);
    private static int s_count;

    public static Func<GrainId, InterfaceShape, ICallSender, BoundReference> Emit(InterfaceShape shape)
    {
        lock (s_lock)
        {
            OpenInternalsOf(typeof(BoundReference).Assembly);
            foreach (var part in shape.Type.GetInterfaces().Append(shape.Type)) OpenInternalsOf(part.Assembly);
            var type = s_module.DefineType($"{shape.Type.FullName}.Reference{s_count++}", TypeAttributes.Class | TypeAttributes.Sealed | TypeAttributes.Public, typeof(BoundReference), [shape.Type]);
            DefineConstructor(type);
            foreach (var method in shape.Methods) DefineMethod(type, method);
            return Compile(type.CreateType());
        }
    }

    private static void DefineConstructor(TypeBuilder type)
    {
        Type[] parameters = [typeof(GrainId), typeof(InterfaceShape), typeof(ICallSender)];
        var il = type.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldarg_3);
        il.Emit(OpCodes.Call, typeof(BoundReference).GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, parameters)!);
        il.Emit(OpCodes.Ret);
    }

    private static void DefineMethod(TypeBuilder type, MethodShape shape)
    {
        var parameters = shape.Method.GetParameters();
        var method = type.DefineMethod(
            $"{shape.Method.DeclaringType!.FullName}.{shape.Method.Name}",
            MethodAttributes.Private | MethodAttributes.HideBySig | MethodAttributes.NewSlot | MethodAttributes.Virtual | MethodAttributes.Final,
            shape.Method.ReturnType, [.. parameters.Select(p => p.ParameterType)]);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, shape.Index);
        EmitArguments(il, parameters);
        il.Emit(OpCodes.Call, SenderOf(shape));
        il.Emit(OpCodes.Ret);
        type.DefineMethodOverride(method, shape.Method);
    }

    private static void EmitArguments(ILGenerator il, ParameterInfo[] parameters)
    {
        if (parameters.Length == 0)
        {
            il.Emit(OpCodes.Call, typeof(Array).GetMethod(nameof(Array.Empty))!.MakeGenericMethod(typeof(object)));
            return;
        }
        il.Emit(OpCodes.Ldc_I4, parameters.Length);
        il.Emit(OpCodes.Newarr, typeof(object));
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            if (parameters[i].ParameterType.IsValueType) il.Emit(OpCodes.Box, parameters[i].ParameterType);
            il.Emit(OpCodes.Stelem_Ref);
        }
    }

    private static MethodInfo SenderOf(MethodShape shape)
    {
        MethodInfo Sender(string name) => typeof(BoundReference).GetMethod(name, BindingFlags.Instance | BindingFlags.Public)!;
        return shape.Returns switch
        {
            ReturnShape.Task => Sender(nameof(BoundReference.Send)),
            ReturnShape.TaskOfResult => Sender(nameof(BoundReference.SendOf)).MakeGenericMethod(shape.ResultType),
            ReturnShape.ValueTask => Sender(nameof(BoundReference.SendValue)),
            ReturnShape.ValueTaskOfResult => Sender(nameof(BoundReference.SendValueOf)).MakeGenericMethod(shape.ResultType),
            _ => Sender(nameof(BoundReference.Stream)).MakeGenericMethod(shape.ResultType),
        };
    }

    private static Func<GrainId, InterfaceShape, ICallSender, BoundReference> Compile(Type type)
    {
        Type[] parameters = [typeof(GrainId), typeof(InterfaceShape), typeof(ICallSender)];
        var create = new DynamicMethod("create", typeof(BoundReference), parameters, typeof(ReferenceEmitter).Module, skipVisibility: true);
        var il = create.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Newobj, type.GetConstructor(parameters)!);
        il.Emit(OpCodes.Ret);
        return create.CreateDelegate<Func<GrainId, InterfaceShape, ICallSender, BoundReference>>();
    }

    // Grain interfaces and their argument types may be internal to their assembly; the runtime knows this attribute by its name.
    private static void OpenInternalsOf(Assembly assembly)
    {
        var name = assembly.GetName().Name!;
        if (!s_open.TryAdd(name, 0)) return;
        var constructor = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
        s_assembly.SetCustomAttribute(new CustomAttributeBuilder(constructor, [name]));
    }
}
