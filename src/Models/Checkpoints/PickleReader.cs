using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>A storage that a pickled tensor refers to: a run of elements of one type under a key.</summary>
internal sealed record PickledStorage(string Key, StoredType Type, long Offset);

/// <summary>A pickled tensor: a strided view of a storage, counted in elements.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>
/// Reads pickles of plain tensors. A pickle is a program; this interpreter knows the few callables that a state dict consists of and refuses
/// every other name, so that no file can run code. What it builds is bounded: one byte can make an object of a hundred, or copy a list of any length.
/// </summary>
internal sealed class PickleReader(MappedFile file, long start, long end)
{
    /// <summary>Most bytes of one pickle. A tensor takes some 150, so that this is room for a hundred thousand, ten times what the largest files hold.</summary>
    public const int LargestPickle = 16 << 20;

    /// <summary>Most values that are made, put somewhere or copied, which take a hundred bytes each. A tensor needs about 25: room for sixty thousand.</summary>
    public const int MostValues = 1_500_000;

    private static readonly Dictionary<string, string> Storages = new(StringComparer.Ordinal)
    {
        ["FloatStorage"] = "F32", ["DoubleStorage"] = "F64", ["HalfStorage"] = "F16", ["BFloat16Storage"] = "BF16", ["LongStorage"] = "I64",
        ["IntStorage"] = "I32", ["ShortStorage"] = "I16", ["CharStorage"] = "I8", ["ByteStorage"] = "U8", ["BoolStorage"] = "BOOL",
    };

    private static readonly object Mark = new(), True = true, False = false;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<object, object?> _memo = new(Scattered.Keys);
    private readonly Dictionary<string, StoredType> _types = new(StringComparer.Ordinal);
    private readonly long _limit = end - start > LargestPickle ? start + LargestPickle : end;
    private int _values;

    /// <summary>A callable or class by name, on the stack until it is used.</summary>
    private sealed record Global(string Name);

    /// <summary>Index behind the last byte read.</summary>
    public long Position { get; private set; } = start;

    /// <summary>The types of all storages that were met, by key.</summary>
    public IReadOnlyDictionary<string, StoredType> StorageTypes => _types;

    /// <summary>Reads one pickle, up to its STOP.</summary>
    /// <exception cref="FormatException">The pickle is damaged, or holds more than tensors, numbers, texts and containers.</exception>
    public object? Read()
    {
        try
        {
            while (true)
                if (Step((char)Take(1)[0])) return Pop();
        }
        catch (Exception e) when (e is ArgumentException or InvalidCastException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new FormatException($"damaged pickle at byte {Position}", e);
        }
    }

    private bool Step(char opcode)
    {
        switch (opcode)
        {
            case '\x80': Take(1); break;                                             // PROTO
            case '\x95': Take(8); break;                                             // FRAME
            case '.': return true;
            case '(': _stack.Add(Mark); break;
            case '0': Pop(); break;
            case '1': PopMark(); break;
            case 'N': _stack.Add(null); break;
            case '\x88': _stack.Add(True); break;
            case '\x89': _stack.Add(False); break;
            case 'K': _stack.Add((long)Take(1)[0]); break;
            case 'M': _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case '\x8a': _stack.Add(Long(Take(Take(1)[0]))); break;                  // LONG1
            case 'G': _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': _stack.Add(Text(BinaryPrimitives.ReadInt32LittleEndian(Take(4)))); break;
            case '\x8c': _stack.Add(Text(Take(1)[0])); break;                        // SHORT_BINUNICODE
            case 'U': _stack.Add(Encoding.Latin1.GetString(Take(Take(1)[0]))); break;
            case 'T': _stack.Add(Encoding.Latin1.GetString(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4))))); break;
            case ']' or ')': Spend(1); _stack.Add(new List<object?>()); break;
            case '}': Spend(1); _stack.Add(new Dictionary<object, object?>(Scattered.Keys)); break;
            case 't' or 'l': _stack.Add(PopMark()); break;
            case '\x85': Tuple(1); break;
            case '\x86': Tuple(2); break;
            case '\x87': Tuple(3); break;
            case 'a': { Spend(1); var item = Pop(); As<List<object?>>(_stack[^1]).Add(item); break; }
            case 'e': { var items = PopMark(); As<List<object?>>(_stack[^1]).AddRange(items); break; }
            case 's': { var value = Pop(); var key = Pop(); SetItems([key, value]); break; }
            case 'u': SetItems(PopMark()); break;
            case 'q': Remember(Take(1)[0]); break;
            case 'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\x94': Remember(_memo.Count); break;                               // MEMOIZE
            case 'h': _stack.Add(_memo[(long)Take(1)[0]]); break;
            case 'j': _stack.Add(_memo[(long)BinaryPrimitives.ReadUInt32LittleEndian(Take(4))]); break;
            case 'c': _stack.Add(Name(Line(), Line())); break;
            case '\x93': { var name = As<string>(Pop()); _stack.Add(Name(As<string>(Pop()), name)); break; }
            case 'Q': _stack.Add(Storage(As<List<object?>>(Pop()))); break;
            case 'R': { var arguments = As<List<object?>>(Pop()); _stack.Add(Call(As<Global>(Pop()), arguments)); break; }
            case 'b': Pop(); break;                                                  // attributes, such as _metadata, are not needed
            default: throw new FormatException($"opcode 0x{(int)opcode:x2} at byte {Position - 1} is not part of a state dict");
        }
        return false;
    }

    private object? Call(Global callable, List<object?> arguments) => callable.Name switch
    {
        "collections.OrderedDict" => Ordered(arguments),
        "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_tensor" =>
            new PickledTensor(As<PickledStorage>(arguments[0]), As<long>(arguments[1]), Longs(arguments[2]), Longs(arguments[3])),
        "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" => As<PickledTensor>(arguments[0]),
        "torch.Size" => arguments[0],
        _ => throw new FormatException($"it calls {callable.Name}; only plain tensors are read"),
    };

    private Dictionary<object, object?> Ordered(List<object?> arguments)
    {
        Spend(1);
        var items = new Dictionary<object, object?>(Scattered.Keys);
        if (arguments.Count == 0) return items;
        var pairs = As<List<object?>>(arguments[0]);
        Spend(pairs.Count);
        foreach (var pair in pairs.Select(As<List<object?>>)) items[Key(pair[0])] = pair[1];
        return items;
    }

    // ('storage', class, key, device, count[, (view key, offset, count)]): the last member only in files before torch 1.6.
    private PickledStorage Storage(List<object?> id)
    {
        if (id[0] is not "storage" || id[1] is not Global { Name: var name } || !name.StartsWith("torch.", StringComparison.Ordinal)
            || !Storages.TryGetValue(name["torch.".Length..], out var type))
            throw new FormatException($"a storage of {(id.Count > 1 && id[1] is Global { Name: var other } ? other : "an unknown kind")}, which is no plain tensor's");
        Spend(1);
        var offset = id.Count > 5 && id[5] is List<object?> view ? As<long>(view[1]) : 0;
        var storage = new PickledStorage(As<string>(id[2]), StoredType.Find(type)!, offset);
        _types[storage.Key] = storage.Type;
        return storage;
    }

    // A list is shared by all that refer to it, and copied here: short, or a few hundred bytes of references would take gigabytes.
    private static long[] Longs(object? list) => list is List<object?> { Count: > StoredTensor.MostDimensions } many
        ? throw new FormatException($"a tensor has {many.Count} dimensions, more than {StoredTensor.MostDimensions}")
        : [.. As<List<object?>>(list).Select(As<long>)];

    // What a damaged pickle has null or another kind for: looked at, for a null that is used is a fault of the processor's before it is an exception.
    private static T As<T>(object? value) => value is T given ? given : throw new InvalidCastException();

    private static object Long(ReadOnlySpan<byte> little)
    {
        var value = new BigInteger(little);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private void SetItems(List<object?> items)
    {
        var target = As<Dictionary<object, object?>>(_stack[^1]);
        Spend(items.Count);
        for (var i = 0; i < items.Count; i += 2) target[Key(items[i])] = items[i + 1];
    }

    private static object Key(object? key) => key is string or long ? key : throw new FormatException("a dictionary has a key that is neither a text nor a number");

    private void Remember(long index)
    {
        Spend(1);
        _memo[index] = _stack[^1];
    }

    private Global Name(string module, string name)
    {
        Spend(1);
        return new Global($"{module}.{name}");
    }

    private void Spend(int values)
    {
        _values += values;
        if (_values > MostValues) throw new FormatException($"a pickle of more than {MostValues} values");
    }

    private void Tuple(int count)
    {
        Spend(1 + count);
        var items = _stack.GetRange(_stack.Count - count, count);
        _stack.RemoveRange(_stack.Count - count, count);
        _stack.Add(items);
    }

    private object? Pop()
    {
        var top = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private List<object?> PopMark()
    {
        var mark = _stack.LastIndexOf(Mark);
        Spend(_stack.Count - mark);
        var items = _stack.GetRange(mark + 1, _stack.Count - mark - 1);
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (!ByteRange.IsWithin(Position, count, _limit))
            throw _limit < end ? new FormatException($"a pickle of more than {LargestPickle} bytes") : new ArgumentOutOfRangeException(nameof(count), "the pickle ends before");
        var span = file.Span(Position, count);
        Position += count;
        return span;
    }

    private string Text(int length) => Encoding.UTF8.GetString(Take(length));

    private string Line()
    {
        var rest = file.Span(Position, (int)Math.Min(_limit - Position, 1 << 10));
        var line = Encoding.UTF8.GetString(Take(rest.IndexOf((byte)'\n')));
        Take(1);
        return line;
    }

    /// <summary>Keys by hashes that no file can foresee: numbers are their own hashes otherwise, and a file could choose them to fall together.</summary>
    private sealed class Scattered : IEqualityComparer<object>
    {
        public static Scattered Keys { get; } = new();

        public new bool Equals(object? x, object? y) => object.Equals(x, y);

        public int GetHashCode(object key) => key is long number ? HashCode.Combine(number, number >> 32) : key.GetHashCode();
    }
}
