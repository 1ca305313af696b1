using System.Text;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Tests.Files;

/// <summary>JSON that the library takes without a word, or answers with exceptions of other types, is refused with its place and in words of our own.</summary>
public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("{\"a\": 1,\n \"a\": 2}", JsonFaultKind.KeyTwice, "has the key a twice", 2, 2)]
    [InlineData("{\"a\": 1, \"\\u0061\": 2}", JsonFaultKind.KeyTwice, "has the key a twice", 1, 10)]
    [InlineData("[{}, {\"x\": {\"b\": 1, \"b\": 1}}]", JsonFaultKind.KeyTwice, "has the key b twice", 1, 21)]
    [InlineData("{\"\\ud800\": 1}", JsonFaultKind.NoText, "a key is not valid text", 1, 2)]
    [InlineData("{\"a\": [\"\\ud83d\"]}", JsonFaultKind.NoText, "a is not valid text", 1, 8)]
    [InlineData("[\"\\udc00\"]", JsonFaultKind.NoText, "a text is not valid text", 1, 2)]
    [InlineData("[\"\\ud83d\\ud83d\\ude00\"]", JsonFaultKind.NoText, "a text is not valid text", 1, 2)]
    [InlineData("[\"\\ud83dx\\ude00\"]", JsonFaultKind.NoText, "a text is not valid text", 1, 2)]
    [InlineData("{\"r\": 1e999}", JsonFaultKind.NumberTooLarge, "r is a number beyond", 1, 7)]
    [InlineData("{\"r\": -1e400}", JsonFaultKind.NumberTooLarge, "r is a number beyond", 1, 7)]
    [InlineData("{\"a\": ", JsonFaultKind.EndsEarly, "is not valid JSON: it ends too early", 1, 7)]
    [InlineData("", JsonFaultKind.Syntax, "is not valid JSON: there is nothing", 1, 1)]
    [InlineData("{} {}", JsonFaultKind.Syntax, "is not valid JSON: more text follows the value", 1, 4)]
    [InlineData("{\"a\": 1,}", JsonFaultKind.Syntax, "is not valid JSON: a comma stands before a closing bracket", 1, 9)]
    [InlineData("{a: 1}", JsonFaultKind.Syntax, "is not valid JSON: a key in double quotes is expected", 1, 2)]
    [InlineData("[01]", JsonFaultKind.Syntax, "is not valid JSON: a number", 1, 3)]
    [InlineData("[nul]", JsonFaultKind.Syntax, "is not valid JSON: a word", 1, 5)]
    [InlineData("[\"\\x\"]", JsonFaultKind.Syntax, "is not valid JSON: a backslash", 1, 4)]
    [InlineData("/* no */ 1", JsonFaultKind.Syntax, "is not valid JSON: a value is expected", 1, 1)]
    public void Check_Fault_HasKindWordsAndPlace(string json, JsonFaultKind kind, string says, int line, int column)
    {
        var fault = StrictJson.Check(Encoding.UTF8.GetBytes(json));

        Assert.NotNull(fault);
        Assert.StartsWith(says, fault.What, StringComparison.Ordinal);
        Assert.Equal((kind, line, column), (fault.Kind, fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("{\"a\": {\"b\": 1}, \"b\": {\"a\": 1}, \"c\": [{\"a\": 1}, {\"a\": 2}]}")]
    [InlineData("[\"\\ud83d\\ude00\", \"\\\\ud800\", \"\u00e9\"]")]
    [InlineData("[1e308, -0, 123456789012345678901234567890]")]
    [InlineData("null")]
    public void Check_SoundText_HasNone(string json) => Assert.Null(StrictJson.Check(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Check_NoUtf8_NamesByteAndPlace()
    {
        var fault = StrictJson.Check([.. "{\n \""u8, 0xE9, .. "\": 1}"u8]);

        Assert.Equal((JsonFaultKind.NotUtf8, 2, 3), (fault!.Kind, fault.Line, fault.Column));
        Assert.Contains("0xE9", fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_NestedTooDeep_SaysHowDeepItMayBe()
    {
        Assert.Null(StrictJson.Check(Nested(StrictJson.DeepestNesting)));
        Assert.Equal(JsonFaultKind.TooDeep, StrictJson.Check(Nested(StrictJson.DeepestNesting + 1))!.Kind);
        Assert.Equal("is nested deeper than 64 levels", StrictJson.Check(Nested(100_000))!.What);

        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth));
    }

    [Fact]
    public void Check_MoreValuesThanTheLimit_Refused()
    {
        var text = new byte[2 * StrictJson.MostValues + 2];
        for (var i = 0; i < text.Length; i += 2) (text[i], text[i + 1]) = ((byte)'1', (byte)',');
        (text[0], text[^1]) = ((byte)'[', (byte)']');
        text[1] = (byte)'1';
        text[2] = (byte)',';
        text[3] = (byte)'1';
        Assert.Equal(JsonFaultKind.TooManyValues, StrictJson.Check(text)!.Kind);
    }

    [Fact]
    public void Check_ManySmallObjectsAfterALargeOne_TakesTheTextsLength()
    {
        var text = new StringBuilder("[{");
        for (var i = 0; i < 100_000; i++) text.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":0");
        text.Append('}');
        for (var i = 0; i < 100_000; i++) text.Append(",{\"a\":0}");
        var watch = System.Diagnostics.Stopwatch.StartNew();

        Assert.Null(StrictJson.Check(Encoding.UTF8.GetBytes(text.Append(']').ToString())));

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void ParseObject_SomethingElseOrAFault_NamesTheFileInOneLine()
    {
        foreach (var text in (string[])["[]", "1", "null", "{\"a\":1,\"a\":1}", "{\"a\nb\": 1}", ""])
        {
            var message = Assert.Throws<InvalidDataException>(() => StrictJson.ParseObject(text, "config.json")).Message;
            Assert.StartsWith("config.json: ", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
        Assert.Equal(1, (int)StrictJson.ParseObject("\uFEFF{\"a\": 1}", "config.json")["a"]!);
    }

    [PropertyTest(300)]
    public void Check_WhatItPasses_IsReadByTheLibraryWhole(Damage damage)
    {
        var text = damage.Apply("{\"name\": \"na\u00efve \\ud83d\\ude00\", \"list\": [1, 2.5e3, true, null, {\"deep\": {\"er\": [\"\\u0000\"]}}], \"x\": {}}"u8.ToArray());
        if (StrictJson.Check(text) is { } fault)
        {
            Assert.InRange(fault.Line, 1, 1 + text.Count(b => b == (byte)'\n'));
            Assert.DoesNotContain('\n', fault.ToString());
            return;
        }
        // Materialised and written again: nothing is left for the library to stumble over.
        var json = StrictJson.Parse(text, "f");
        Assert.NotNull(System.Text.Json.JsonSerializer.SerializeToNode(json)?.ToJsonString() ?? "null");
    }
}
