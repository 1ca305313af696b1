using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace AlpacaCot.Tests;

/// <summary>Small weight files, byte for byte as their formats have them.</summary>
public static class WeightFiles
{
    /// <summary>A safetensors header of three tensors that take 40 bytes.</summary>
    public const string SafeTensorsHeader = """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}""";

    /// <summary>A safetensors file of a header and so many bytes of data.</summary>
    public static byte[] SafeTensors(string header, int data = 40)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. Enumerable.Range(0, data).Select(i => (byte)i)];
    }

    /// <summary>An archive as torch.save writes it since 1.6, with storages of 24 and 16 bytes.</summary>
    public static byte[] Zip(byte[] pickle)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in ((string, byte[])[])[("m/data.pkl", pickle), ("m/byteorder", "little"u8.ToArray()), ("m/data/0", new byte[24]), ("m/data/1", new byte[16])])
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        return stream.ToArray();
    }

    /// <summary>Two tensors as torch.save pickles them; the second is a view into the middle of its storage.</summary>
    public static byte[] StateDict() => Pickle("ccollections\nOrderedDict\n)R(", Tensor("a", "FloatStorage", "0", 6, 0, [2, 3], [3, 1]), Tensor("b", "LongStorage", "1", 2, 1, [1], [1]), "u}b");

    /// <summary>Five pickles and the storages, as torch wrote them before 1.6.</summary>
    public static byte[] Legacy()
    {
        var count = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(count, 6);
        byte[] magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        return
        [
            .. magic, .. Pickle("M\u00e9\u0003"), .. Pickle("}(", Text("little_endian"), "\u0088", Text("protocol_version"), "M\u00e9\u0003u"),
            .. Pickle("}(", Tensor("a", "FloatStorage", "0", 6, 0, [2, 3], [3, 1]), "u"), .. Pickle("](", Text("0"), "e"), .. count, .. new byte[24],
        ];
    }

    /// <summary>A pickle of opcodes, between its first two bytes and its STOP.</summary>
    public static byte[] Pickle(params string[] parts) => [0x80, 2, .. Encoding.Latin1.GetBytes(string.Concat(parts)), (byte)'.'];

    /// <summary>A text as a pickle has it, of at most 255 characters.</summary>
    public static string Text(string text) => $"X{(char)text.Length}\0\0\0{text}";

    /// <summary>A name and its tensor as a pickle has them; all numbers below 256.</summary>
    public static string Tensor(string name, string storage, string key, int elements, int offset, int[] shape, int[] strides)
        => Text(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + $"ctorch\n{storage}\n" + Text(key) + Text("cpu") + $"K{(char)elements}tQK{(char)offset}"
            + Tuple(shape) + Tuple(strides) + "\u0089ccollections\nOrderedDict\n)RtR";

    private static string Tuple(int[] numbers) => $"({string.Concat(numbers.Select(n => $"K{(char)n}"))}t";
}
