using AlpacaCot.Files;

namespace AlpacaCot.Tests.Files;

/// <summary>Text of strangers on its way to a terminal.</summary>
public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain text, Ünïcödé, 漢字, \ud83e\udd99 and\ttabs\nlines", null)]
    [InlineData("می\u200cروم \ud83d\udc69\u200d\ud83d\udcbb", null)]
    [InlineData("\u001b]52;c;cm0gLXJmIH4=\u0007", "\\u001b]52;c;cm0gLXJmIH4=\\u0007")]
    [InlineData("a\u001b[2Jb", "a\\u001b[2Jb")]
    [InlineData("\u009b31mred", "\\u009b31mred")]
    [InlineData("hidden\rshown", "hidden\\u000dshown")]
    [InlineData("a\b\u007f\0", "a\\u0008\\u007f\\u0000")]
    [InlineData("abc\u202edcba", "abc\\u202edcba")]
    [InlineData("\u2066x\u2069\u2028", "\\u2066x\\u2069\\u2028")]
    public void Of_WhatATerminalWouldObey_IsShown(string text, string? shown) => Assert.Equal(shown ?? text, VisibleText.Of(text));

    [Fact]
    public void Of_HalfOfAPair_IsShown()
    {
        Assert.Equal("a\\ud83d", VisibleText.Of("a" + (char)0xD83D));
        Assert.Equal("\\udd99b", VisibleText.Of((char)0xDD99 + "b"));
    }

    [Fact]
    public void OnOneLine_LineEndsAreSpaces() => Assert.Equal("a b c\\u001b", VisibleText.OnOneLine("a\r\nb\nc\u001b"));

    [Fact]
    public void Of_JsonDocument_StaysOneAndMeansTheSame()
    {
        var json = "{\"text\":\"a\u009b\u202e\u007fb\"}";
        Assert.Equal("a\u009b\u202e\u007fb", System.Text.Json.JsonDocument.Parse(VisibleText.Of(json)).RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public void Writer_TextInPieces_IsTheSame()
    {
        const string Text = "a\u001b[0m\ud83e\udd99 b\r\n";
        using var inner = new StringWriter();
        using var writer = new VisibleWriter(inner, required: true);
        foreach (var c in Text) writer.Write(c);
        writer.WriteLine("\ud83e\udd99\u001b");
        writer.Write(Text.ToCharArray(), 1, 2);
        Assert.Equal(VisibleText.Of(Text) + "\ud83e\udd99\\u001b" + Environment.NewLine + "\\u001b[", inner.ToString());
    }

    [Fact]
    public void Writer_ThatCannotWrite_FailsWhereTheTextIsTheResultAlone()
    {
        new VisibleWriter(new Full(), required: false).WriteLine("an error");
        Assert.Throws<IOException>(() => new VisibleWriter(new Full(), required: true).WriteLine("a result"));
    }

    private sealed class Full : StringWriter
    {
        public override void Write(string? value) => throw new IOException("No space left on device");
    }
}
