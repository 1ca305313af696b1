using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Tests;

public sealed class SafeTensorsTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("format_safetensors");

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Golden")]
    public void Open_ValidFiles_TensorsAndMetadata(string folder)
    {
        var golden = Golden.Open(folder);
        foreach (var line in Lines(golden, "valid.jsonl"))
        {
            using var file = SafeTensors.Open(golden.File(line.GetProperty("file").GetString()!));
            var expected = line.GetProperty("tensors").EnumerateArray().ToList();
            Assert.Equal(expected.Select(t => t.GetProperty("name").GetString()), file.Tensors.Select(t => t.Name));
            var metadata = line.GetProperty("metadata");
            Assert.Equal(metadata.ValueKind == JsonValueKind.Null, file.Metadata is null);
            if (file.Metadata is not null) Assert.Equal(metadata.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!), file.Metadata);
            foreach (var (want, have) in expected.Zip(file.Tensors))
            {
                Assert.Equal(want.GetProperty("dtype").GetString(), have.Type.Name);
                Assert.Equal(want.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64()), have.Shape);
                var range = want.GetProperty("bytes").EnumerateArray().Select(n => n.GetInt32()).ToArray();
                Assert.Equal(File.ReadAllBytes(file.Path)[range[0]..range[1]], have.Bytes());
                if (have.Type.Scalar is null) continue;
                using var scope = torch.NewDisposeScope();
                var values = have.Map().to(ScalarType.Float64).ToArray<double>();
                Assert.Equal(want.GetProperty("values").EnumerateArray().Select(Number), values);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Golden")]
    public void Open_InvalidFiles_RefusedByName(string folder)
    {
        var golden = Golden.Open(folder);
        foreach (var line in Lines(golden, "invalid.jsonl"))
        {
            var path = golden.File(line.GetProperty("file").GetString()!);
            var error = Assert.Throws<ModelException>(() => SafeTensors.Open(path).Dispose());
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void Write_OneTensor_TheFormatsBytes()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        SafeTensors.Write(folder["one"], [new("attn.0", torch.zeros(1, 2, 3))], new Dictionary<string, string>());
        var bytes = File.ReadAllBytes(folder["one"]);
        Assert.Equal(64, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        Assert.Equal("""{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}""", Encoding.UTF8.GetString(bytes, 8, 64));
        Assert.Equal(8 + 64 + 24, bytes.Length);
    }

    [Fact]
    public void Write_TypesAndStrides_ReadBackEqualAndAligned()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["bool"] = torch.tensor([true, false, true]),
            ["strided"] = torch.arange(12).view(3, 4).t().to(ScalarType.Float32),
            ["half \"层\""] = torch.tensor([1.5f, -2f]).bfloat16(),
            ["scalar"] = torch.tensor([7L]).squeeze(),
            ["empty"] = torch.zeros(0, 3),
        };
        SafeTensors.Write(folder["all"], tensors);
        using var file = SafeTensors.Open(folder["all"]);
        Assert.Equal("pt", file.Metadata!["format"]);
        Assert.Equal(tensors.Count, file.Tensors.Count);
        foreach (var stored in file.Tensors)
        {
            var expected = tensors[stored.Name];
            Assert.Equal(expected.dtype, stored.Type.Scalar);
            Assert.True(expected.Equals(stored.Map()), stored.Name);
        }
    }

    [Fact]
    public void Map_ThenWriteToTheTensor_FileUnchanged()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        SafeTensors.Write(folder["file"], [new("x", torch.ones(4))]);
        var before = File.ReadAllBytes(folder["file"]);
        Tensor mapped;
        using (var file = SafeTensors.Open(folder["file"])) mapped = file["x"].Map();
        mapped.add_(1);
        Assert.Equal([2f, 2, 2, 2], mapped.ToArray<float>());
        Assert.Equal(before, File.ReadAllBytes(folder["file"]));
    }

    [Fact]
    public void Open_TruncatedFile_SaysSo()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        SafeTensors.Write(folder["whole"], [new("layer.weight", torch.ones(100))]);
        File.WriteAllBytes(folder["cut"], File.ReadAllBytes(folder["whole"])[..^50]);
        var error = Assert.Throws<ModelException>(() => SafeTensors.Open(folder["cut"]));
        Assert.Contains("layer.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("is the download complete?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_UnwritablePlace_NothingLeftBehind()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        Directory.CreateDirectory(folder["taken"]);
        Assert.Throws<ModelException>(() => SafeTensors.Write(folder["taken"], [new("x", torch.ones(1))]));
        Assert.Equal([folder["taken"]], Directory.GetFileSystemEntries(folder.Path));
    }

    private static IEnumerable<JsonElement> Lines(GoldenCase golden, string file)
        => File.Exists(golden.File(file)) ? File.ReadLines(golden.File(file)).Select(line => JsonDocument.Parse(line).RootElement) : [];

    private static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.String => value.GetString() switch { "NaN" => double.NaN, "Infinity" => double.PositiveInfinity, "-Infinity" => double.NegativeInfinity, var s => throw new InvalidDataException(s) },
        _ => value.GetDouble(),
    };
}
