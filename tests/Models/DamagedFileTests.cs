using System.Buffers.Binary;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models.Tests;

/// <summary>Weights come from strangers: whatever is wrong with a file, its tensors are read or it is refused with one line that names it.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PropertyTest(200)]
    public void SafeTensors_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader)), SafeTensors.Open);

    [PropertyTest(200)]
    public void SafeTensors_DamagedHeader_ReadOrRefused(JsonDamage damage) => ReadOrRefused(WeightFiles.SafeTensors(damage.Apply(WeightFiles.SafeTensorsHeader)), SafeTensors.Open);

    [PropertyTest(200)]
    public void TorchZip_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(WeightFiles.Zip(WeightFiles.StateDict())), TorchFile.Open);

    [PropertyTest(200)]
    public void TorchZip_DamagedPickle_ReadOrRefused(Damage damage) => ReadOrRefused(WeightFiles.Zip(damage.Apply(WeightFiles.StateDict())), TorchFile.Open);

    [PropertyTest(200)]
    public void TorchLegacy_DamagedBytes_ReadOrRefused(Damage damage) => ReadOrRefused(damage.Apply(WeightFiles.Legacy()), TorchFile.Open);

    [Fact]
    public void Files_Undamaged_AreRead()
    {
        foreach (var (bytes, open) in ((byte[], Func<string, TensorFile>)[])[(WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader), SafeTensors.Open), (WeightFiles.Zip(WeightFiles.StateDict()), TorchFile.Open), (WeightFiles.Legacy(), TorchFile.Open)])
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
        var whole = WeightFiles.Zip(WeightFiles.StateDict());
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
        var whole = WeightFiles.Legacy();
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
}
