using System.Runtime.CompilerServices;
using System.Text;

namespace AlpacaCot.Torch.Interop;

/// <summary>An operator of libtorch: found once by name, called with values in the order of its schema.</summary>
/// <remarks>A call allocates nothing but the wrappers of the tensors that it returns.</remarks>
internal sealed unsafe class Operator(string name, string overload = "")
{
    private nint _handle;
    private bool _searched;

    /// <summary>Whether this libtorch has it.</summary>
    internal bool Exists
    {
        get
        {
            if (!Volatile.Read(ref _searched))
            {
                _handle = Native.ac_find(name.Contains("::", StringComparison.Ordinal) ? name : "aten::" + name, overload);
                Volatile.Write(ref _searched, true);
            }
            return _handle != 0;
        }
    }

    private string Name => overload.Length == 0 ? name : name + "." + overload;

    internal string Schema()
    {
        Require();
        var length = Native.Check(Native.ac_schema(_handle, null, 0));
        var buffer = new byte[length];
        fixed (byte* p = buffer) Native.Check(Native.ac_schema(_handle, p, length));
        return Encoding.UTF8.GetString(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Require()
    {
        if (_handle == 0 && !Exists) throw new TorchException($"this libtorch ({torch.version}) has no operator {Name}");
    }

    /// <summary>Calls it for its one tensor.</summary>
    internal Tensor Run(params ReadOnlySpan<Value> args)
    {
        Slot result;
        Invoke(args, &result, 1);
        return Tensor.Wrap(result.Bits);
    }

    /// <summary>Calls it for its effect; what it returns is dropped.</summary>
    internal void Do(params ReadOnlySpan<Value> args) => Invoke(args, null, 0);

    /// <summary>Calls it for two tensors.</summary>
    internal (Tensor, Tensor) Pair(params ReadOnlySpan<Value> args)
    {
        var results = stackalloc Slot[2];
        Invoke(args, results, 2);
        return (Tensor.Wrap(results[0].Bits), Tensor.Wrap(results[1].Bits));
    }

    /// <summary>Calls it for three tensors.</summary>
    internal (Tensor, Tensor, Tensor) Triple(params ReadOnlySpan<Value> args)
    {
        var results = stackalloc Slot[3];
        Invoke(args, results, 3);
        return (Tensor.Wrap(results[0].Bits), Tensor.Wrap(results[1].Bits), Tensor.Wrap(results[2].Bits));
    }

    /// <summary>Calls it for a list of tensors.</summary>
    internal Tensor[] Many(params ReadOnlySpan<Value> args)
    {
        Slot result;
        Invoke(args, &result, 1);
        return Unlist(result);
    }

    /// <summary>Calls it for a truth value.</summary>
    internal bool Bool(params ReadOnlySpan<Value> args)
    {
        Slot result;
        Invoke(args, &result, 1);
        return result.Bits != 0;
    }

    /// <summary>Calls it for a number: an integer or the bits of a double, as the tag says.</summary>
    internal Slot Number(params ReadOnlySpan<Value> args)
    {
        Slot result;
        Invoke(args, &result, 1);
        return result;
    }

    /// <summary>Calls it for whatever it returns: tensors, arrays of tensors, long, double, bool, or null.</summary>
    internal object?[] All(ReadOnlySpan<Value> args)
    {
        const int Max = 16;
        var results = stackalloc Slot[Max];
        var n = Math.Min(Invoke(args, results, Max), Max);
        var all = new object?[n];
        for (var i = 0; i < n; i++)
        {
            all[i] = results[i].Tag switch
            {
                SlotTag.Tensor => results[i].Bits == 0 ? null : Tensor.Wrap(results[i].Bits),
                SlotTag.TensorList => Unlist(results[i]),
                SlotTag.Int => results[i].Bits,
                SlotTag.Double => BitConverter.Int64BitsToDouble(results[i].Bits),
                SlotTag.Bool => results[i].Bits != 0,
                SlotTag.Device => new Device((DeviceType)results[i].Bits, results[i].N),
                _ => null,
            };
        }
        return all;
    }

    private static Tensor[] Unlist(Slot list)
    {
        var handles = (nint*)list.Bits;
        var tensors = new Tensor[list.N];
        for (var i = 0; i < list.N; i++) tensors[i] = Tensor.Wrap(handles[i]);
        Native.ac_free_list(handles);
        return tensors;
    }

    private int Invoke(ReadOnlySpan<Value> args, Slot* results, int max)
    {
        Require();
        var words = 0;
        for (var i = 0; i < args.Length; i++) words += Words(args[i]);
        const int OnStack = 128;
        Span<long> scratch = words <= OnStack ? stackalloc long[OnStack] : new long[words];
        var slots = stackalloc Slot[args.Length];
        int count;
        fixed (long* p = scratch)
        {
            var at = p;
            for (var i = 0; i < args.Length; i++) slots[i] = Fill(args[i], ref at);
            count = Native.ac_call(_handle, slots, args.Length, results, max);
        }
        // The finalizer of an argument that nobody else holds must not run while libtorch reads it.
        for (var i = 0; i < args.Length; i++) GC.KeepAlive(args[i].Reference);
        return Native.Check(count);
    }

    private static int Words(in Value v) => v.Reference switch
    {
        null or Tensor or Generator => 0,
        Array a => a.Length,
        string s => Encoding.UTF8.GetMaxByteCount(s.Length) / sizeof(long) + 1,
        _ => 0,
    };

    private static Slot Fill(in Value v, ref long* at)
    {
        var slot = new Slot { Tag = v.Tag, N = v.N, Bits = v.Bits };
        switch (v.Tag)
        {
            case SlotTag.Tensor:
                slot.Bits = Unsafe.As<Tensor>(v.Reference!).Handle;
                break;
            case SlotTag.Generator:
                slot.Bits = Unsafe.As<Generator>(v.Reference!).Handle;
                break;
            case SlotTag.IntList:
                var longs = Unsafe.As<long[]>(v.Reference!);
                longs.AsSpan().CopyTo(new Span<long>(at, longs.Length));
                slot = Advance(slot, ref at, longs.Length);
                break;
            case SlotTag.DoubleList:
                var doubles = Unsafe.As<double[]>(v.Reference!);
                doubles.AsSpan().CopyTo(new Span<double>(at, doubles.Length));
                slot = Advance(slot, ref at, doubles.Length);
                break;
            case SlotTag.BoolList:
                var bools = Unsafe.As<bool[]>(v.Reference!);
                for (var i = 0; i < bools.Length; i++) at[i] = bools[i] ? 1 : 0;
                slot = Advance(slot, ref at, bools.Length);
                break;
            case SlotTag.TensorList:
            case SlotTag.OptionalTensorList:
                var tensors = Unsafe.As<Tensor?[]>(v.Reference!);
                for (var i = 0; i < tensors.Length; i++) at[i] = tensors[i] is { } t ? t.Handle : 0;
                slot = Advance(slot, ref at, tensors.Length);
                break;
            case SlotTag.String:
                var text = Unsafe.As<string>(v.Reference!);
                var room = Encoding.UTF8.GetMaxByteCount(text.Length) / sizeof(long) + 1;
                slot.N = Encoding.UTF8.GetBytes(text, new Span<byte>(at, room * sizeof(long)));
                slot.Bits = (long)at;
                at += room;
                break;
        }
        return slot;
    }

    private static Slot Advance(Slot slot, ref long* at, int n)
    {
        slot.N = n;
        slot.Bits = (long)at;
        at += n;
        return slot;
    }
}
