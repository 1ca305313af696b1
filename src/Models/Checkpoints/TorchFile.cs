using System.Buffers.Binary;
using System.Numerics;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// Reads the state dict of a file that <c>torch.save</c> wrote: the zip form (<c>data.pkl</c> and one stored entry per storage) and the form
/// before torch 1.6 (five pickles, then the storages one after another). Storages may be shared; a tensor is a strided view.
/// </summary>
public static class TorchFile
{
    private const int Protocol = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Opens the file; the tensors are views of it, by name, in the order of the file.</summary>
    /// <exception cref="ModelException">The file is damaged, cannot be read, or holds more than a state dict of plain tensors.</exception>
    public static TensorFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            var (root, storages) = file.Length >= 4 && file.Span(0, 4).SequenceEqual("PK\x03\x04"u8) ? ReadZip(file) : ReadLegacy(file);
            return new TensorFile(file, Tensors(file, root, storages), metadata: null);
        }
        catch (FormatException e)
        {
            file.Dispose();
            throw new ModelException($"{path}: not a readable torch checkpoint: {e.Message}", e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static (object?, Dictionary<string, (long Offset, long Length)>) ReadZip(MappedFile file)
    {
        var entries = ZipIndex.Read(file);
        var pickle = entries.Keys.FirstOrDefault(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)) ?? throw new FormatException("the archive has no data.pkl");
        var folder = pickle[..^"data.pkl".Length];
        if (entries.TryGetValue(folder + "byteorder", out var order) && !(order.Length == "little"u8.Length && file.Span(order.Offset, (int)order.Length).SequenceEqual("little"u8)))
            throw new FormatException("its numbers are not little-endian");
        var prefix = folder + "data/";
        var storages = entries.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(e => e.Key[prefix.Length..], e => e.Value, StringComparer.Ordinal);
        var (offset, length) = entries[pickle];
        return (new PickleReader(file, offset, offset + length).Read(), storages);
    }

    private static (object?, Dictionary<string, (long Offset, long Length)>) ReadLegacy(MappedFile file)
    {
        var position = 0L;
        var types = new Dictionary<string, StoredType>(StringComparer.Ordinal);
        if (Next() is not BigInteger magic || magic != Magic) throw new FormatException("neither a zip archive nor torch's older format");
        if (Next() is not (long)Protocol) throw new FormatException($"its protocol is not {Protocol}");
        if (Next() is not Dictionary<object, object?> system || system.GetValueOrDefault("little_endian") is not true) throw new FormatException("its numbers are not little-endian");
        var root = Next();
        var keys = Next() as List<object?> ?? throw new FormatException("the list of storages is missing");
        var storages = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (var key in keys.OfType<string>())
        {
            if (!ByteRange.IsWithin(position, 8, file.Length)) throw new FormatException($"storage {key} is missing (is the download complete?)");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.Span(position, 8));
            if (!types.TryGetValue(key, out var type)) throw new FormatException($"storage {key} has no type");
            if (count < 0 || count > file.Length) throw new FormatException($"storage {key} has {count} elements (is the download complete?)");
            var length = count * type.Bits / 8;
            storages[key] = (position + 8, length);
            position += 8 + length;
        }
        return (root, storages);

        object? Next()
        {
            var reader = new PickleReader(file, position, file.Length);
            var value = reader.Read();
            position = reader.Position;
            foreach (var (key, type) in reader.StorageTypes) types[key] = type;
            return value;
        }
    }

    private static IEnumerable<KeyValuePair<string, PickledTensor>> Flatten(object? root)
    {
        if (root is not Dictionary<object, object?> items) throw new FormatException("it does not hold a state dict");
        foreach (var (key, value) in items)
            if (key is string name && value is PickledTensor tensor) yield return new(name, tensor);
    }

    private static List<StoredTensor> Tensors(MappedFile file, object? root, Dictionary<string, (long Offset, long Length)> storages)
    {
        var tensors = new List<StoredTensor>();
        foreach (var (name, t) in Flatten(root))
        {
            if (!storages.TryGetValue(t.Storage.Key, out var storage)) throw new FormatException($"the storage of tensor '{name}' is missing");
            var width = t.Storage.Type.Bits / 8;
            var first = ((Int128)t.Storage.Offset + t.Offset) * width;
            if (t.Shape.Length != t.Strides.Length || t.Shape.Any(n => n < 0) || t.Strides.Any(n => n < 0) || first < 0 || first > storage.Length)
                throw new FormatException($"tensor '{name}' has a damaged shape");
            var empty = t.Shape.Contains(0);
            if (!empty && first + StoredTensor.Extent(t.Shape, t.Strides) * width > storage.Length)
                throw new FormatException($"tensor '{name}' [{string.Join(", ", t.Shape)}] reaches beyond its storage of {storage.Length} bytes");
            if (!ByteRange.IsWithin(storage.Offset, storage.Length, file.Length)) throw new FormatException($"the storage of tensor '{name}' ends beyond the file (is the download complete?)");
            // A view may repeat its elements (a stride of 0): a few bytes of file would ask for any amount of memory once they are written out.
            if (SafeTensorsHeader.ByteCount(name, t.Storage.Type, t.Shape) > storage.Length)
                throw new FormatException($"tensor '{name}' [{string.Join(", ", t.Shape)}] has more elements than its storage of {storage.Length} bytes");
            tensors.Add(new StoredTensor(name, t.Storage.Type, t.Shape, t.Strides, file, storage.Offset + (long)first));
        }
        return tensors;
    }
}
