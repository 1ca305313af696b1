using System.IO.Compression;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// Writes a state dict as <c>torch.save</c> does since 1.6: a zip of stored entries, <c>data.pkl</c> (pickle, protocol 2) and one storage per tensor.
/// For libraries that read nothing else; everything else is written as safetensors.
/// </summary>
public static class TorchFileWriter
{
    /// <summary>Writes fp32 tensors; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and tensors, in the order of the file.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var list = tensors.ToList();
        var folder = Path.GetFileNameWithoutExtension(path);
        try
        {
            AtomicFile.Write(path, stream =>
            {
                using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
                void Entry(string name, Action<Stream> write)
                {
                    using var entry = zip.CreateEntry($"{folder}/{name}", CompressionLevel.NoCompression).Open();
                    write(entry);
                }
                Entry("data.pkl", entry => entry.Write(Pickle(list)));
                Entry("byteorder", entry => entry.Write("little"u8));
                for (var i = 0; i < list.Count; i++)
                {
                    using var scope = torch.NewDisposeScope();
                    var values = list[i].Value.detach().to(ScalarType.Float32, CPU).contiguous();
                    Entry(FormattableString.Invariant($"data/{i}"), entry => TensorBytes.CopyTo(values, entry));
                }
                Entry("version", entry => entry.Write("3\n"u8));
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written: {e.Message} (free space, or choose another folder)", e);
        }
    }

    // OrderedDict of names to torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()).
    private static byte[] Pickle(List<KeyValuePair<string, Tensor>> tensors)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer, Encoding.UTF8);
        void Code(params ReadOnlySpan<byte> codes) => writer.Write(codes);
        void Global(string module, string name) => writer.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));
        void Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            writer.Write((byte)'X');
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
        void Integer(long value)
        {
            if (value <= int.MaxValue)
            {
                writer.Write((byte)'J');
                writer.Write((int)value);
                return;
            }
            Code(0x8A, 8);   // LONG1 of eight bytes
            writer.Write(value);
        }
        void Numbers(IEnumerable<long> values)
        {
            Code((byte)'(');
            foreach (var value in values) Integer(value);
            Code((byte)'t');
        }
        void EmptyDictionary()
        {
            Global("collections", "OrderedDict");
            Code((byte)')', (byte)'R');
        }

        Code(0x80, 2);
        EmptyDictionary();
        Code((byte)'(');
        for (var i = 0; i < tensors.Count; i++)
        {
            var shape = tensors[i].Value.shape;
            Text(tensors[i].Key);
            Global("torch._utils", "_rebuild_tensor_v2");
            Code((byte)'(', (byte)'(');
            Text("storage");
            Global("torch", "FloatStorage");
            Text(i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Text("cpu");
            Integer(tensors[i].Value.numel());
            Code((byte)'t', (byte)'Q');
            Integer(0);
            Numbers(shape);
            Numbers(shape.Select((_, d) => shape[(d + 1)..].Aggregate(1L, (product, size) => product * Math.Max(size, 1))));
            Code(0x89);
            EmptyDictionary();
            Code((byte)'t', (byte)'R');
        }
        Code((byte)'u', (byte)'.');
        writer.Flush();
        return buffer.ToArray();
    }
}
