using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Tests;

/// <summary>Weights come from strangers: whatever is wrong with a file, its tensors are read or it is refused with one line that names it.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private const string Header = """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PropertyTest(200)]
    public void SafeTensors_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(SafeTensorsFile(Header)), SafeTensors.Open);

    [PropertyTest(200)]
    public void SafeTensors_DamagedHeader_ReadOrRefused(JsonDamage damage) => ReadOrRefused(SafeTensorsFile(damage.Apply(Header)), SafeTensors.Open);

    [PropertyTest(200)]
    public void TorchZip_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(Zip(StateDict())), TorchFile.Open);

    [PropertyTest(200)]
    public void TorchZip_DamagedPickle_ReadOrRefused(Damage damage) => ReadOrRefused(Zip(damage.Apply(StateDict())), TorchFile.Open);

    [PropertyTest(200)]
    public void TorchLegacy_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(Legacy()), TorchFile.Open);

    [Fact]
    public void Files_Undamaged_AreRead()
    {
        foreach (var (bytes, open) in ((byte[], Func<string, TensorFile>)[])[(SafeTensorsFile(Header), SafeTensors.Open), (Zip(StateDict()), TorchFile.Open), (Legacy(), TorchFile.Open)])
        {
            File.WriteAllBytes(_folder["whole"], bytes);
            using var file = open(_folder["whole"]);
            Assert.All(file.Tensors, tensor => Assert.NotEmpty(tensor.Bytes()));
            Assert.NotEmpty(file.Tensors);
        }
    }

    [Theory]
    [InlineData(long.MaxValue - 20)]
    [InlineData(long.MinValue)]
    public void TorchZip_DirectoryFarOutsideTheFile_Refused(long directory)
    {
        // Such an offset plus a length is negative again; read unchecked it would end the process.
        var whole = Zip(StateDict());
        var locator = new byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(locator, 0x07064b50);
        BinaryPrimitives.WriteInt64LittleEndian(locator.AsSpan(8), directory);
        File.WriteAllBytes(_folder["far"], [.. whole[..^22], .. locator, .. whole[^22..]]);
        Assert.Contains("is the download complete?", Assert.Throws<ModelException>(() => TorchFile.Open(_folder["far"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void TorchLegacy_ImpossibleStorageSize_Refused(long count)
    {
        var whole = Legacy();
        BinaryPrimitives.WriteInt64LittleEndian(whole.AsSpan(whole.Length - 32), count);
        File.WriteAllBytes(_folder["odd"], whole);
        Assert.Contains("storage 0", Assert.Throws<ModelException>(() => TorchFile.Open(_folder["odd"])).Message, StringComparison.Ordinal);
    }

    private void ReadOrRefused(byte[] bytes, Func<string, TensorFile> open)
    {
        File.WriteAllBytes(_folder["weights"], bytes);
        try
        {
            using var file = open(_folder["weights"]);
            foreach (var tensor in file.Tensors) tensor.Bytes();
        }
        catch (ModelException e)
        {
            Assert.Contains(_folder["weights"], e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    private static byte[] SafeTensorsFile(string header)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. Enumerable.Range(0, 40).Select(i => (byte)i)];
    }

    private static byte[] Zip(byte[] pickle)
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
    private static byte[] StateDict() => Pickle("ccollections\nOrderedDict\n)R(", Tensor("a", "FloatStorage", "0", 6, 0, [2, 3], [3, 1]), Tensor("b", "LongStorage", "1", 2, 1, [1], [1]), "u}b");

    /// <summary>Five pickles and the storages, as torch wrote them before 1.6.</summary>
    private static byte[] Legacy()
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

    private static string Tensor(string name, string storage, string key, int elements, int offset, int[] shape, int[] strides)
        => Text(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + $"ctorch\n{storage}\n" + Text(key) + Text("cpu") + $"K{(char)elements}tQK{(char)offset}"
            + Tuple(shape) + Tuple(strides) + "\u0089ccollections\nOrderedDict\n)RtR";

    private static string Tuple(int[] numbers) => $"({string.Concat(numbers.Select(n => $"K{(char)n}"))}t";

    private static string Text(string text) => $"X{(char)text.Length}\0\0\0{text}";

    private static byte[] Pickle(params string[] parts) => [0x80, 2, .. Encoding.Latin1.GetBytes(string.Concat(parts)), (byte)'.'];
}
