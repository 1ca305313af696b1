using System.IO.Compression;
using System.Text;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models.Tests;

public sealed class TorchFileTests
{
    [Fact]
    public void Open_MetaNamesInATorchZip_TensorsMapped()
    {
        using var file = TorchFile.Open(RealData.File("models/torchtune/tiny_fair_checkpoint.pt"));
        Assert.Equal(21, file.Tensors.Count);
        Assert.Equal(89_504, file.Tensors.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b)));
        Assert.Equal([500, 32], file["output.weight"].Shape);
        using var scope = torch.NewDisposeScope();
        Assert.All(file.Tensors, t => Assert.True(float.IsFinite(t.Map().sum().item<float>())));
    }

    [Fact]
    public void Open_PickleThatCallsSomethingElse_RefusedAndNotRun()
    {
        // os.system("true"): what an attack looks like.
        var error = Refused("cos\nsystem\n(X\x04\0\0\0truetR.");
        Assert.Contains("os.system", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("}")]
    [InlineData("}(X\xff\xff\xff\x7fabc")]
    [InlineData("h\x05.")]
    [InlineData("(X\x03\0\0\0abcQ.")]
    [InlineData("]q\0a.")]
    public void Open_DamagedPickle_OneLineWithTheFile(string pickle) => Refused(pickle);

    [Fact]
    public void Open_NeitherZipNorLegacy_Refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["x.bin"], "hello, this is no checkpoint");
        var error = Assert.Throws<ModelException>(() => TorchFile.Open(folder["x.bin"])).Message;
        Assert.Contains("x.bin", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TruncatedZip_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(RealData.File("models/torchtune/tiny_fair_checkpoint.pt"));
        File.WriteAllBytes(folder["cut.pt"], whole[..(whole.Length / 2)]);
        Assert.Contains("is the download complete?", Assert.Throws<ModelException>(() => TorchFile.Open(folder["cut.pt"])).Message, StringComparison.Ordinal);
    }

    private static string Refused(string pickle)
    {
        using var folder = new TemporaryFolder();
        using (var zip = new ZipArchive(File.Create(folder["m.bin"]), ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("m/data.pkl", CompressionLevel.NoCompression).Open();
            entry.Write([0x80, 2, .. Encoding.Latin1.GetBytes(pickle)]);
        }
        var error = Assert.Throws<ModelException>(() => TorchFile.Open(folder["m.bin"])).Message;
        Assert.Contains("m.bin", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
        return error;
    }
}
