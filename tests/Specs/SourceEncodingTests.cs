using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Specs;

/// <summary>The encoding of a source in a sweep file.</summary>
public sealed class SourceEncodingTests
{
    private static string Yaml(string source) => $"name: a\nmodels: m\npeft: [{{ method: lora }}]\ndata: [{{ name: d, sources: [{source}] }}]";

    [Fact]
    public void Parse_Encoding_IsKeyedOnlyWhereItIsSet()
    {
        DataSpec Data(string source) => SweepDocument.ParseValid(Yaml(source)).Data[0];

        Assert.Equal("gb18030", Data("{ path: x.json, encoding: GB18030 }").Sources[0].Encoding);
        Assert.Equal("iso-8859-1", Data("{ set: alpaca, encoding: latin-1 }").Sources[0].Encoding);
        Assert.Contains("\"encoding\":\"gb18030\"", SweepSpecJson.Data(Data("{ path: x.json, encoding: GB18030 }")).ToJsonString(), StringComparison.Ordinal);
        // UTF-8 is what is read without a name: naming it changes no key.
        Assert.Equal(SweepSpecJson.Data(Data("{ path: x.json }")).ToJsonString(), SweepSpecJson.Data(Data("{ path: x.json, encoding: utf8 }")).ToJsonString());
        Assert.DoesNotContain("encoding", SweepSpecJson.Data(Data("{ path: x.json }")).ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ path: x.json, encoding: gbx }", "'gbx' is not known")]
    [InlineData("{ goat: { digits: [1, 2] }, encoding: gbk }", "a generator has none")]
    public void Parse_WrongEncoding_IsToldAtItsKey(string source, string says)
    {
        var error = Assert.Single(SweepDocument.Parse(Yaml(source)).Errors);
        Assert.Equal("data[0].sources[0].encoding", error.Path);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Find_AnyName_IsTheOneName()
    {
        Assert.All(TextEncodings.Names, name => Assert.Equal(name, TextEncodings.Find(name)));
        Assert.Null(TextEncodings.Find("ebcdic"));
        Assert.Equal(["gbk", "shift_jis", "euc-kr"], ((string[])["GB2312", "Shift-JIS", "EUC-KR"]).Select(TextEncodings.Find));
    }
}
