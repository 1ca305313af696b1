using System.Buffers.Binary;
using System.Text;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>A tensor as the header has it.</summary>
/// <param name="Name">llama.cpp's name.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Shape">Its sizes, the last one that of a row (the file has them the other way round).</param>
/// <param name="Offset">Where its elements begin in the file.</param>
internal sealed record GgufTensor(string Name, GgufType Type, long[] Shape, long Offset)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// The header of a GGUF file (versions 2 and 3, little-endian): metadata, then tensors by name, dimensions, type and offset. Nothing in it is
/// believed: every count and every size is compared with what is left of the file before it is used.
/// </summary>
internal sealed class GgufHeader
{
    private const int DefaultAlignment = 32, MostDimensions = 4, LargestAlignment = 1 << 20;
    private const int LeastKeyBytes = 8 + 4 + 1, LeastTensorBytes = 8 + 4 + 8 + 4 + 8;

    private readonly string _path;
    private readonly Dictionary<string, object> _metadata = new(StringComparer.Ordinal);

    private GgufHeader(string path) => _path = path;

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; private set; } = [];

    /// <summary>Whether a file begins as one.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start) => start.StartsWith("GGUF"u8);

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="ModelException">It is damaged, or says what the format does not allow.</exception>
    public static GgufHeader Read(MappedFile file)
    {
        var cursor = new Cursor(file);
        var header = new GgufHeader(file.Path);
        if (!Recognises(cursor.Take(4))) throw cursor.Bad("does not begin with GGUF");
        if (cursor.UInt32() is var version and not (2 or 3)) throw cursor.Bad($"has version {version}; 2 and 3 are read");
        var tensors = cursor.Count(LeastTensorBytes, "tensors", ahead: 8);
        var keys = cursor.Count(LeastKeyBytes, "keys");
        for (var i = 0; i < keys; i++)
        {
            var key = cursor.Text();
            if (!header._metadata.TryAdd(key, cursor.Value(cursor.UInt32(), key))) throw cursor.Bad($"has the key '{key}' twice");
        }
        header.ReadTensors(cursor, tensors);
        return header;
    }

    /// <summary>A text, or null.</summary>
    public string? Text(string key) => Find<string>(key, "a text");

    /// <summary>A whole number, or null.</summary>
    public int? Integer(string key) => Find<double>(key) switch
    {
        null => null,
        { } value when value == Math.Floor(value) && value is >= 0 and <= int.MaxValue => (int)value,
        { } value => throw Error(key, $"is {value:R}, not a whole number"),
    };

    /// <summary>A number, or null.</summary>
    public double? Real(string key) => Find<double>(key);

    /// <summary>A truth value, or null.</summary>
    public bool? Flag(string key) => Find<bool>(key);

    /// <summary>A list of texts, or null.</summary>
    public string[]? Texts(string key) => Find<string[]>(key, "a list of texts");

    /// <summary>A list of numbers, or null.</summary>
    public double[]? Reals(string key) => Find<double[]>(key, "a list of numbers");

    public ModelException Error(string key, string cause) => new($"{_path}: {Plain($"{key} {cause}")}");

    // Names come from the file; an error is one line whatever stands in them.
    private static string Plain(string text) => string.Create(text.Length, text, static (span, from) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = char.IsControl(from[i]) ? '?' : from[i];
    });

    private T? Find<T>(string key, string what) where T : class
        => _metadata.GetValueOrDefault(key) switch { null => null, T value => value, _ => throw Error(key, $"is not {what}") };

    private T? Find<T>(string key) where T : struct
        => _metadata.GetValueOrDefault(key) switch { null => null, T value => value, double[] => throw Error(key, "is a list: values that differ from block to block are not read"), _ => throw Error(key, $"is not a {(typeof(T) == typeof(bool) ? "truth value" : "number")}") };

    private void ReadTensors(Cursor cursor, long count)
    {
        var read = new List<(string Name, GgufType Type, long[] Shape, ulong Offset)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var name = cursor.Text();
            if (!names.Add(name)) throw cursor.Bad($"has the tensor '{name}' twice");
            var dimensions = cursor.UInt32();
            if (dimensions is 0 or > MostDimensions) throw cursor.Bad($"gives the tensor '{name}' {dimensions} dimensions; 1 to {MostDimensions} are read");
            var shape = new long[dimensions];
            for (var d = shape.Length - 1; d >= 0; d--) shape[d] = cursor.Size(name);
            var id = cursor.UInt32();
            var type = GgufType.Find(id) ?? throw cursor.Bad($"stores the tensor '{name}' as type {id}, which is not read");
            read.Add((name, type, shape, cursor.UInt64()));
        }
        var alignment = Integer("general.alignment") ?? DefaultAlignment;
        if (alignment is < 1 or > LargestAlignment) throw Error("general.alignment", $"is {alignment}");
        var start = (cursor.At + alignment - 1) / alignment * alignment;
        Tensors = [.. read.Select(tensor => Check(cursor, tensor, start, alignment))];
    }

    private static GgufTensor Check(Cursor cursor, (string Name, GgufType Type, long[] Shape, ulong Offset) tensor, long start, int alignment)
    {
        var (name, type, shape, offset) = tensor;
        var room = Math.Max(0, cursor.Length - start);
        if (shape[^1] % type.Elements != 0) throw cursor.Bad($"stores the tensor '{name}' as {type}, but its rows of {shape[^1]} are no whole number of blocks");
        // Products are bounded before they are formed, so that none can pass as small by running over.
        var most = room / type.Bytes;
        var blocks = shape[^1] / type.Elements;
        for (var d = 0; d < shape.Length - 1; d++)
        {
            if (blocks > most / shape[d]) throw cursor.Bad($"ends before the tensor '{name}' [{string.Join(", ", shape)}] does");
            blocks *= shape[d];
        }
        if (offset % (ulong)alignment != 0) throw cursor.Bad($"has the tensor '{name}' at {offset}, which is no multiple of {alignment}");
        if (blocks > most || offset > (ulong)(room - blocks * type.Bytes)) throw cursor.Bad($"ends before the tensor '{name}' [{string.Join(", ", shape)}] does");
        return new GgufTensor(name, type, shape, start + (long)offset);
    }

    /// <summary>Reads forward; whatever goes beyond the file's end is refused.</summary>
    private sealed class Cursor(MappedFile file)
    {
        public long At { get; private set; }

        public long Length => file.Length;

        private long Left => file.Length - At;

        public ModelException Bad(string cause) => new($"{file.Path}: {Plain(cause)} (GGUF, at byte {At})");

        public ReadOnlySpan<byte> Take(int bytes)
        {
            if (bytes > Left) throw Bad("ends inside its header");
            var span = file.Span(At, bytes);
            At += bytes;
            return span;
        }

        public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

        public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

        /// <summary>A number of entries of at least so many bytes each.</summary>
        public long Count(int least, string what, int ahead = 0)
        {
            var count = UInt64();
            if (count > (ulong)Math.Max(0, Left - ahead) / (ulong)least) throw Bad($"claims {count} {what}, more than it has room for");
            return (long)count;
        }

        public long Size(string tensor)
        {
            var size = UInt64();
            return size is 0 or > int.MaxValue ? throw Bad($"gives the tensor '{tensor}' a size of {size}") : (long)size;
        }

        public string Text()
        {
            var length = UInt64();
            if (length > (ulong)Left || length > int.MaxValue) throw Bad($"claims a text of {length} bytes, more than it has room for");
            return Encoding.UTF8.GetString(Take((int)length));
        }

        // Numbers are kept as doubles: none that a model's file holds needs more.
        public object Value(uint type, string key) => type switch
        {
            0 => (double)Take(1)[0],
            1 => (double)(sbyte)Take(1)[0],
            2 => (double)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
            3 => (double)BinaryPrimitives.ReadInt16LittleEndian(Take(2)),
            4 => (double)UInt32(),
            5 => (double)(int)UInt32(),
            6 => Shortest(BinaryPrimitives.ReadSingleLittleEndian(Take(4))),
            7 => Take(1)[0] != 0,
            8 => Text(),
            9 => List(key),
            10 => (double)UInt64(),
            11 => (double)(long)UInt64(),
            12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
            _ => throw Bad($"gives the key '{key}' the type {type}, which the format does not have"),
        };

        private object List(string key)
        {
            var type = UInt32();
            var width = type switch { 0 or 1 or 7 => 1, 2 or 3 => 2, 4 or 5 or 6 => 4, 8 or 10 or 11 or 12 => 8, _ => throw Bad($"gives the key '{key}' a list of type {type}, which is not read") };
            var count = Count(width, $"entries of '{key}'");
            if (type == 8)
            {
                var texts = new string[count];
                for (var i = 0L; i < count; i++) texts[i] = Text();
                return texts;
            }
            var numbers = new double[count];
            for (var i = 0L; i < count; i++) numbers[i] = Value(type, key) switch { double number => number, bool flag => flag ? 1 : 0, _ => 0 };
            return numbers;
        }

        // 1e-05 is stored as the nearest single, and meant as 1e-05.
        private static double Shortest(float value) => float.IsFinite(value)
            ? double.Parse(value.ToString("R", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture)
            : value;
    }
}
