using System.Reflection;
using System.Reflection.Emit;

namespace AlpacaCot.LocalSilo.Serialization;

/// <summary>Copies, writes and reads one member of a type, through accessors compiled for it.</summary>
internal abstract class MemberCodec<TOwner>(SerializedMember member)
{
    public ulong Key { get; } = member.Key;

    public static MemberCodec<TOwner> Create(SerializedMember member)
        => (MemberCodec<TOwner>)Activator.CreateInstance(typeof(MemberCodec<,>).MakeGenericType(typeof(TOwner), member.Type), member)!;

    public abstract void Copy(ref TOwner from, ref TOwner to, CopyContext context);

    public abstract void Write(WireWriter writer, ref TOwner owner);

    public abstract void Read(WireReader reader, ref TOwner owner, WireKind kind);
}

internal sealed class MemberCodec<TOwner, TMember> : MemberCodec<TOwner>
{
    private readonly string _name;
    private readonly bool _share;
    private readonly Getter _get;
    private readonly Setter _set;
    private Codec<TMember>? _codec;

    public MemberCodec(SerializedMember member) : base(member)
    {
        _name = $"{TypeNames.Readable(member.Member.DeclaringType!)}.{member.Member.Name}";
        _share = member.Immutable;
        _get = CompileGetter(member.Member);
        _set = CompileSetter(member.Member);
    }

    private delegate TMember Getter(ref TOwner owner);

    private delegate void Setter(ref TOwner owner, TMember value);

    // Looked up at the first use, since a type may hold itself.
    private Codec<TMember> Codec => _codec ??= Resolve();

    public override void Copy(ref TOwner from, ref TOwner to, CopyContext context)
    {
        var value = _get(ref from);
        _set(ref to, _share || Codec.Shareable ? value : Codec.Copy(value, context));
    }

    public override void Write(WireWriter writer, ref TOwner owner)
    {
        var codec = Codec;
        writer.WriteVarint((Key << 2 | (byte)codec.Kind) + 1);
        if (codec.Kind == WireKind.Block)
        {
            var block = writer.BeginBlock();
            codec.Write(writer, _get(ref owner));
            writer.EndBlock(block);
        }
        else
        {
            codec.Write(writer, _get(ref owner));
        }
    }

    public override void Read(WireReader reader, ref TOwner owner, WireKind kind)
    {
        var codec = Codec;
        if (kind != codec.Kind) throw new SerializerException($"{_name} is {codec.Kind} here but {kind} in the message: a member's type must not change");
        if (kind == WireKind.Block)
        {
            var end = reader.EnterBlock();
            _set(ref owner, codec.Read(reader));
            reader.LeaveBlock(end);
        }
        else
        {
            _set(ref owner, codec.Read(reader));
        }
    }

    private Codec<TMember> Resolve()
    {
        try
        {
            return CodecOf<TMember>.Instance;
        }
        catch (CodecNotFoundException e)
        {
            throw new CodecNotFoundException($"{_name}: {e.Message}");
        }
    }

    private static Getter CompileGetter(MemberInfo member)
    {
        var method = new DynamicMethod("get", typeof(TMember), [typeof(TOwner).MakeByRefType()], typeof(MemberCodec<TOwner, TMember>).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(TOwner).IsValueType) il.Emit(OpCodes.Ldind_Ref);
        if (member is FieldInfo field) il.Emit(OpCodes.Ldfld, field);
        else if (((PropertyInfo)member).GetMethod is { } getter) il.Emit(OpCodes.Call, getter);
        else throw new SerializerException($"{member.DeclaringType!.Name}.{member.Name} has an [Id] but no getter");
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Getter>();
    }

    private static Setter CompileSetter(MemberInfo member)
    {
        var method = new DynamicMethod("set", null, [typeof(TOwner).MakeByRefType(), typeof(TMember)], typeof(MemberCodec<TOwner, TMember>).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(TOwner).IsValueType) il.Emit(OpCodes.Ldind_Ref);
        il.Emit(OpCodes.Ldarg_1);
        if (member is FieldInfo field) il.Emit(OpCodes.Stfld, field);
        else if (((PropertyInfo)member).SetMethod is { } setter) il.Emit(OpCodes.Call, setter);
        else il.Emit(OpCodes.Stfld, BackingField(member));
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Setter>();
    }

    private static FieldInfo BackingField(MemberInfo property)
        => property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new SerializerException($"{property.DeclaringType!.Name}.{property.Name} has an [Id] but cannot be set: make it an automatic property or give it a setter");
}
