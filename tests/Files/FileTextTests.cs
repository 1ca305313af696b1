using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Tests.Files;

/// <summary>The rules by which every small file and every large one's beginning is read.</summary>
public sealed class FileTextTests : IDisposable
{
    private const string Text = "{\"word\": \"naïve 语\"}\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Encodings => ["utf-8 without", "utf-8", "utf-16", "utf-16BE", "utf-32"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Read_AnyByteOrderMark_SameText(string name)
    {
        Encoding encoding = name == "utf-8 without" ? new UTF8Encoding(false) : Encoding.GetEncoding(name);
        File.WriteAllText(_folder["f"], Text, encoding);
        Assert.Equal(Text, FileText.Read(_folder["f"]));
        Assert.Equal("naïve 语", FileText.ReadJson(_folder["f"]).GetProperty("word").GetString());
    }

    [Fact]
    public void Read_Latin1_RefusedWithTheLine()
    {
        File.WriteAllBytes(_folder["f"], Encoding.Latin1.GetBytes("one\ntwo\nnaïve\n"));
        var error = Assert.Throws<InvalidDataException>(() => FileText.Read(_folder["f"])).Message;
        Assert.Contains($"{_folder["f"]}: is not UTF-8 (byte 0xEF in line 3)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoFileOrNoJson_NamesTheFile()
    {
        Assert.Contains(_folder["none"], Assert.Throws<InvalidDataException>(() => FileText.Read(_folder["none"])).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["f"], "{\"a\": ");
        Assert.StartsWith($"{_folder["f"]}: is not valid JSON", Assert.Throws<InvalidDataException>(() => FileText.ReadJson(_folder["f"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1044992\n", "1,044,992 bytes")]
    [InlineData("version https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\n", "Git LFS pointer")]
    [InlineData("version https://hawser.github.com/spec/v1\noid sha256:4d7a\nsize 5\n", "5 bytes")]
    public void ReadBytes_GitLfsPointer_RefusedAsOne(string pointer, string says)
    {
        File.WriteAllText(_folder["weights"], pointer);
        foreach (Action read in (Action[])[() => FileText.ReadBytes(_folder["weights"]), () => FileText.Read(_folder["weights"]), () => GitLfs.Refuse(_folder["weights"])])
        {
            var error = Assert.Throws<InvalidDataException>(read).Message;
            Assert.StartsWith(_folder["weights"], error, StringComparison.Ordinal);
            Assert.Contains("Git LFS pointer", error, StringComparison.Ordinal);
            Assert.Contains(says, error, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error);
        }
    }

    [Fact]
    public void Refuse_LongTextThatBeginsAlikeOrAMissingFile_IsNoPointer()
    {
        File.WriteAllText(_folder["book"], "version https://git-lfs.github.com/spec/v1 is explained here. ".PadRight(2000, '.'));
        GitLfs.Refuse(_folder["book"]);
        GitLfs.Refuse(_folder["none"]);
        Assert.Equal(2000, FileText.ReadBytes(_folder["book"]).Length);
    }
}
