using System.Diagnostics;
using AlpacaCot.Files;

namespace AlpacaCot.Tests.Files;

/// <summary>Sizes that files state, and what stands in a file's place.</summary>
public sealed class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(0, 10, 10, true)]
    [InlineData(10, 0, 10, true)]
    [InlineData(9, 2, 10, false)]
    [InlineData(11, 0, 10, false)]
    [InlineData(-1, 1, 10, false)]
    [InlineData(1, -1, 10, false)]
    [InlineData(long.MaxValue, 1, 10, false)]
    [InlineData(1, long.MaxValue, 10, false)]
    [InlineData(long.MaxValue, long.MaxValue, long.MaxValue, false)]
    [InlineData(long.MinValue, long.MinValue, 10, false)]
    [InlineData(long.MaxValue - 20, 40, long.MaxValue, false)]
    public void IsWithin_AnyNumbers_NeverOverflows(long offset, long length, long total, bool within) => Assert.Equal(within, ByteRange.IsWithin(offset, length, total));

    [Fact]
    public void Copy_DeviceInTheFilesPlace_RefusedAndNamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes and devices are told apart on Linux");
        File.CreateSymbolicLink(_folder["zero"], "/dev/zero");
        Assert.Equal($"{_folder["zero"]}: it is a device, not a file", Assert.Throws<IOException>(() => RegularFile.Copy(_folder["zero"], _folder["copy"])).Message);
        Assert.False(File.Exists(_folder["copy"]));
        File.WriteAllText(_folder["text"], "x");
        RegularFile.Copy(_folder["text"], _folder["copy"]);
        Assert.Equal("x", File.ReadAllText(_folder["copy"]));
    }

    [Fact]
    public void OpenRead_PipeDeviceOrFolder_RefusedAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes and devices are told apart on Linux");
        using (var made = Process.Start("mkfifo", _folder["pipe"])) made.WaitForExit();
        File.CreateSymbolicLink(_folder["zero"], "/dev/zero");
        Directory.CreateDirectory(_folder["folder"]);
        foreach (var (name, says) in (IEnumerable<(string, string)>)[("pipe", "a pipe"), ("zero", "a device"), ("folder", "a folder")])
        {
            Assert.Equal($"it is {says}, not a file", Assert.Throws<IOException>(() => RegularFile.OpenRead(_folder[name])).Message);
            Assert.Equal($"{_folder[name]}: cannot be read: it is {says}, not a file", Assert.Throws<InvalidDataException>(() => FileText.Read(_folder[name])).Message);
        }
    }

    [Fact]
    public void OpenRead_FileOrLinkToOne_IsOpened()
    {
        File.WriteAllText(_folder["f"], "text");
        File.CreateSymbolicLink(_folder["link"], _folder["f"]);
        Assert.Equal("text", FileText.Read(_folder["link"]));
        Assert.Throws<FileNotFoundException>(() => RegularFile.OpenRead(_folder["none"]));
    }

    [Fact]
    public void ReadBytes_LargerThanItsLimit_RefusedWithoutReadingIt()
    {
        using (var file = File.Create(_folder["large"])) file.SetLength(1L << 40);
        Assert.Equal($"{_folder["large"]}: has 1,099,511,627,776 bytes; at most 4,194,304 are read", Assert.Throws<InvalidDataException>(() => FileText.ReadBytes(_folder["large"])).Message);
        File.WriteAllText(_folder["f"], "12345");
        Assert.Equal(5, FileText.ReadBytes(_folder["f"], 5).Length);
        Assert.Contains("at most 4 are read", Assert.Throws<InvalidDataException>(() => FileText.ReadBytes(_folder["f"], 4)).Message, StringComparison.Ordinal);
    }
}
