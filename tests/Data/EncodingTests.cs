using System.IO.Compression;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Formats;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace AlpacaCot.Data.Tests;

/// <summary>Files in other encodings than UTF-8: read when the encoding is named, refused otherwise, and strict in both cases. The bytes are what Python's codecs write.</summary>
public sealed class EncodingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    static EncodingTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gb18030", "CECACCE2A3BAB4F0B0B8A2E395328236A8B9", "问题：答案€𠀀ü")]
    [InlineData("gbk", "CECACCE2A3BAB4F0B0B8", "问题：答案")]
    [InlineData("big5", "B0DDC344A147B5AAAED7", "問題：答案")]
    [InlineData("shift_jis", "96E291E88146834A83698141939A82A6", "問題：カナ、答え")]
    [InlineData("euc-jp", "CCE4C2EAA1A7A5ABA5CAA1A2C5FAA4A8", "問題：カナ、答え")]
    [InlineData("euc-kr", "C1FAB9AEB0FA20B4E4BAAF2094EE", "질문과 답변 뷁")]
    [InlineData("shift_jis", "87919872", "≡腕")]
    [InlineData("big5", "A2CCA2A4", "十═")]
    [InlineData("iso-8859-1", "4772F6DF652C20E76120AB6661E7616465BB20BD", "Größe, ça «façade» ½")]
    [InlineData("iso-8859-2", "5A61BFF3B3E62067EAB66CB1", "Zażółć gęślą")]
    [InlineData("iso-8859-3", "F86F6A6120E669656C6F", "ĝoja ĉielo")]
    [InlineData("iso-8859-4", "D3BA6E69F1B9", "Ķēniņš")]
    [InlineData("iso-8859-5", "B2DEDFE0DEE1", "Вопрос")]
    [InlineData("iso-8859-6", "D3C4C7E4", "سؤال")]
    [InlineData("iso-8859-9", "536F7275F0", "Soruğ")]
    [InlineData("iso-8859-13", "4B6C617573696DEB6C6973", "Klausimėlis")]
    [InlineData("iso-8859-15", "507269783A203520A4", "Prix: 5 €")]
    [InlineData("windows-1250", "50F8ED6C699A20849E6C759D6F75E86BFD93", "Příliš „žluťoučký“")]
    [InlineData("windows-1251", "C2EEEFF0EEF1209720ABEEF2E2E5F2BB", "Вопрос — «ответ»")]
    [InlineData("windows-1252", "93736D6172749420962080", "“smart” – €")]
    [InlineData("windows-1253", "C5F1FEF4E7F3E7", "Ερώτηση")]
    [InlineData("windows-1254", "F0FCFEFDDD", "ğüşıİ")]
    [InlineData("windows-1255", "F9E0ECE4", "שאלה")]
    [InlineData("windows-1256", "D3C4C7E1", "سؤال")]
    [InlineData("windows-1257", "4B6C617573696DEB6C6973", "Klausimėlis")]
    [InlineData("windows-1258", "43E27520686F69", "Câu hoi")]
    [InlineData("windows-874", "A4D3B6D2C1", "คำถาม")]
    [InlineData("koi8-r", "F7CFD0D2CFD3", "Вопрос")]
    [InlineData("utf-16", "EE952000610020003DD800DE", "问 a 😀")]
    [InlineData("utf-16le", "EE952000610020003DD800DE", "问 a 😀")]
    [InlineData("utf-16be", "95EE002000610020D83DDE00", "问 a 😀")]
    [InlineData("utf-32", "EE95000020000000610000002000000000F60100", "问 a 😀")]
    [InlineData("utf-32le", "EE95000020000000610000002000000000F60100", "问 a 😀")]
    [InlineData("utf-32be", "000095EE0000002000000061000000200001F600", "问 a 😀")]
    public void Read_EncodingNamed_GivesTheTextInEveryForm(string encoding, string hex, string text)
    {
        var widths = encoding.StartsWith("utf-16", StringComparison.Ordinal) ? 2 : encoding.StartsWith("utf-32", StringComparison.Ordinal) ? 4 : 1;
        byte[] Wide(string ascii) => [.. ascii.SelectMany(c => encoding.EndsWith("be", StringComparison.Ordinal) ? [.. new byte[widths - 1], (byte)c] : (IEnumerable<byte>)[(byte)c, .. new byte[widths - 1]])];
        byte[] File(string before, string after) => [.. Wide(before), .. Convert.FromHexString(hex), .. Wide(after)];

        foreach (var (name, before, after) in (IEnumerable<(string, string, string)>)
            [
                ("rows.jsonl", "{\"instruction\": \"", "\", \"output\": \"b\"}\n"), ("rows.json", "[{\"instruction\": \"", "\", \"output\": \"b\"}]"),
                ("rows.csv", "instruction,output\r\n\"", "\",b\r\n"), ("rows.tsv", "instruction\toutput\n", "\tb\n"), ("cot.tsv", "", "\tb\tbecause\n"),
            ])
        {
            System.IO.File.WriteAllBytes(_folder[name], File(before, after));
            Assert.Equal((name, text), (name, Assert.Single(Read(name, encoding)).Instruction));
        }
        Assert.Contains(encoding, TextEncodings.Names);
    }

    [Fact]
    public void Names_OfTheSpecs_AreAllKnownHere()
    {
        File.WriteAllText(_folder["rows.csv"], "instruction,output\r\na,b\r\n", Encoding.UTF8);
        Assert.All(TextEncodings.Names, name => Assert.Equal(name == TextEncodings.Default, SourceEncoding.Of(name).IsNamed is false));
    }

    [Theory]
    [InlineData("gb18030", 0xFF, "FF")]
    [InlineData("gbk", 0xAAA1, "AA")]
    [InlineData("gbk", 0x81, "81")]
    [InlineData("big5", 0xFF, "FF")]
    [InlineData("shift_jis", 0xFD, "FD")]
    [InlineData("windows-1252", 0x81, "81")]
    [InlineData("iso-8859-1", 0x93, "93")]
    [InlineData("windows-1253", 0xAA, "AA")]
    public void Read_ByteThatIsNoCharacter_IsToldByRowAndTheOthersAreKept(string encoding, int bad, string said)
    {
        byte[] wrong = bad > 0xFF ? [(byte)(bad >> 8), (byte)bad] : [(byte)bad];
        foreach (var (name, rows, line) in (IEnumerable<(string, byte[], int)>)
            [
                // The byte ends its line in the last two forms: it takes no line break with it.
                ("rows.jsonl", [.. "{\"instruction\":\"a\",\"output\":\"b\"}\n{\"instruction\":\"c"u8, .. wrong, .. "\",\"output\":\"d\"}\n{\"instruction\":\"e\",\"output\":\"f\"}\n"u8], 2),
                ("rows.csv", [.. "instruction,output\na,b\nc,"u8, .. wrong, .. "\ne,f\n"u8], 3),
                ("cot.tsv", [.. "a\tb\tx\nc\td\t"u8, .. wrong, .. "\ne\tf\tx\n"u8], 2),
            ])
        {
            File.WriteAllBytes(_folder[name], rows);
            var skipped = new List<string>();

            Assert.Equal(["a", "e"], Read(name, encoding, skipped).Select(row => row.Instruction));
            Assert.Equal([$"{name}: row 2, line {line}: has the byte 0x{said}, which is no character of {encoding} there"], skipped);
            Assert.Contains("row 2", Assert.Throws<DatasetException>(() => Read(name, encoding)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_BadByteInAnArray_IsToldByRow()
    {
        File.WriteAllBytes(_folder["rows.json"], [.. "[{\"instruction\":\"a\",\"output\":\"b\"},{\"instruction\":\""u8, 0xFF, .. "\",\"output\":\"d\"},{\"instruction\":\"e\",\"output\":\"f\"}]"u8]);
        var skipped = new List<string>();

        Assert.Equal(["a", "e"], Read("rows.json", "big5", skipped).Select(row => row.Instruction));
        Assert.Equal(["rows.json: row 2: has the byte 0xFF, which is no character of big5 there"], skipped);
    }

    [Theory]
    [InlineData("utf-16le", "{\0\"\0a\0\"\0:\0", "3DD8")]
    [InlineData(null, "\u00FF\u00FE{\0\"\0a\0\"\0:\0", "3DD8")]
    public void Read_HalfACharacterOfUtf16_IsToldByRow(string? encoding, string before, string half)
    {
        File.WriteAllBytes(_folder["rows.jsonl"], [.. Encoding.Latin1.GetBytes(before), .. Encoding.Unicode.GetBytes("\""), .. Convert.FromHexString(half), .. Encoding.Unicode.GetBytes("\"}\n{\"instruction\":\"e\",\"output\":\"f\"}\n")]);
        var skipped = new List<string>();

        Assert.Equal(["e"], Read("rows.jsonl", encoding, skipped).Select(row => row.Instruction));
        Assert.Contains("row 1, line 1: has the byte 0x3D, which is no character of", Assert.Single(skipped), StringComparison.Ordinal);
    }

    /// <summary>Rows of several encodings in one file: a table's as well as lines.</summary>
    [Theory]
    [InlineData("rows.jsonl", "{\"instruction\":\"", "\",\"output\":\"b\"}\n", "", 0)]
    [InlineData("rows.csv", "", ",b\n", "instruction,output\n", 1)]
    [InlineData("cot.tsv", "", "\tb\tc\n", "", 0)]
    public void Read_MixedEncodings_TellsTheRowsThatAreNotUtf8(string name, string before, string after, string header, int lines)
    {
        var rows = (string[])["问题", "Qué? Sí!", "ok"];
        byte[] Row(string text, Encoding encoding) => [.. Encoding.UTF8.GetBytes(before), .. encoding.GetBytes(name == "rows.csv" ? $"\"{text}\"" : text), .. Encoding.UTF8.GetBytes(after)];
        File.WriteAllBytes(_folder[name], [.. Encoding.UTF8.GetBytes(header), .. Row(rows[0], Encoding.UTF8), .. Row(rows[1], Encoding.Latin1), .. Row("问题是什么", Encoding.GetEncoding("gb18030")), .. Row(rows[2], Encoding.UTF8)]);
        var skipped = new List<string>();

        Assert.Equal([rows[0], rows[2]], Read(name, null, skipped).Select(row => row.Instruction));
        Assert.Equal(
            [
                $"{name}: row 2, line {2 + lines}: is not valid UTF-8; it reads as Windows-1252: convert the file to UTF-8 (iconv -f Windows-1252 -t UTF-8), or name its encoding (encoding: windows-1252)",
                $"{name}: row 3, line {3 + lines}: is not valid UTF-8; it reads as GB18030: convert the file to UTF-8 (iconv -f GB18030 -t UTF-8), or name its encoding (encoding: gb18030)",
            ], skipped);
    }

    [Theory]
    [InlineData("utf-16LE", "UTF-16LE", "utf-16le")]
    [InlineData("utf-16BE", "UTF-16BE", "utf-16be")]
    [InlineData("utf-32LE", "UTF-32LE", "utf-32le")]
    [InlineData("utf-32BE", "UTF-32BE", "utf-32be")]
    public void Read_WideWithoutMark_IsRefusedWithItsName(string encoding, string guess, string name)
    {
        var text = """[{"instruction": "一二三问题", "output": "答案"}]""";
        File.WriteAllBytes(_folder["rows.json"], (encoding.StartsWith("utf-32", StringComparison.Ordinal) ? new UTF32Encoding(encoding.EndsWith("BE", StringComparison.Ordinal), false) : Encoding.GetEncoding(encoding)).GetBytes(text));

        var error = Assert.Throws<DatasetException>(() => Read("rows.json", null)).Message;

        Assert.Equal($"{_folder["rows.json"]}: reads as {guess} without a byte order mark: convert the file to UTF-8 (iconv -f {guess} -t UTF-8), or name its encoding (encoding: {name})", error);
        Assert.Equal("答案", Assert.Single(Read("rows.json", name)).Output);
    }

    [Theory]
    [InlineData("utf-8", "gb18030", "begins with the byte order mark of utf-8, and its encoding is said to be gb18030")]
    [InlineData("utf-16", "utf-16be", "begins with the byte order mark of utf-16, and its encoding is said to be utf-16be")]
    [InlineData("utf-16", "utf-16", null)]
    [InlineData("utf-16BE", "utf-16", null)]
    [InlineData("utf-16", "utf-16le", null)]
    [InlineData("utf-32", "utf-32le", null)]
    public void Read_MarkAndName_MustAgree(string written, string named, string? says)
    {
        File.WriteAllText(_folder["rows.json"], """[{"instruction": "问", "output": "答"}]""", Encoding.GetEncoding(written));
        if (says is null) Assert.Equal("问", Assert.Single(Read("rows.json", named)).Instruction);
        else Assert.Contains(says, Assert.Throws<DatasetException>(() => Read("rows.json", named)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CompressedAndArchived_IsDecodedAsNamed()
    {
        var rows = Encoding.GetEncoding("gb18030").GetBytes("{\"instruction\": \"问\", \"output\": \"答\"}");
        using (var gzip = new GZipStream(File.Create(_folder["rows.jsonl.gz"]), CompressionLevel.Fastest)) gzip.Write(rows);
        using (var zip = ZipFile.Open(_folder["rows.zip"], ZipArchiveMode.Create))
            foreach (var name in (string[])["a.jsonl", "b.jsonl"])
                using (var entry = zip.CreateEntry(name).Open()) entry.Write(rows);

        Assert.Equal("问", Assert.Single(Read("rows.jsonl.gz", "gb18030")).Instruction);
        Assert.Equal(["问", "问"], Read("rows.zip", "gb18030").Select(row => row.Instruction));
    }

    [Fact]
    public void Read_ArchivedFilesWithMarks_AreReadOneAfterAnother()
    {
        using (var zip = ZipFile.Open(_folder["rows.zip"], ZipArchiveMode.Create))
            foreach (var (name, encoding) in (IEnumerable<(string, Encoding)>)[("a.jsonl", new UTF8Encoding(true)), ("b.jsonl", Encoding.Unicode), ("c.jsonl", new UTF8Encoding(true))])
            {
                using var writer = new StreamWriter(zip.CreateEntry(name).Open(), encoding);
                writer.Write($$"""{"instruction": "问 {{name}}", "output": "答"}""");
            }

        Assert.Equal(["问 a.jsonl", "问 b.jsonl", "问 c.jsonl"], Read("rows.zip", null).Select(row => row.Instruction));
    }

    [Fact]
    public void Read_ColumnarFileWithAnEncoding_IsRefused()
    {
        File.WriteAllBytes(_folder["rows.parquet"], "PAR1"u8.ToArray());
        Assert.Contains("is a file of Parquet, whose texts are UTF-8: remove the encoding", Assert.Throws<DatasetException>(() => Read("rows.parquet", "gbk")).Message, StringComparison.Ordinal);
    }

    /// <summary>A source of a sweep: read, keyed, prepared and looked at in its encoding.</summary>
    [Fact]
    public void Prepare_SourceWithAnEncoding_IsReadAndKeyedByIt()
    {
        File.WriteAllBytes(_folder["rows.jsonl"], Encoding.GetEncoding("gb18030").GetBytes("{\"instruction\": \"问题\", \"output\": \"答案\"}\n"));
        DataSpec Spec(string? encoding) => new() { Sources = [new SourceSpec { Path = _folder["rows.jsonl"], Encoding = encoding }] };
        PreparedData Prepare(DataSpec spec) => new DataPreparation(new DatasetCatalogue(_folder.Path), _folder["cache"]).Prepare(spec, new ByteTokenizer(), PromptTemplates.Plain, 100, seed: 0);

        var prepared = Prepare(Spec("gb18030"));

        Assert.Equal(1, prepared.Report.Languages["zh"]);
        Assert.NotEqual(prepared.Key, Prepare(Spec("gbk")).Key);
        Assert.Contains("encoding: gb18030", Assert.Throws<DatasetException>(() => Prepare(Spec(null))).Message, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(new SourceInspection(new DatasetCatalogue(_folder.Path), [], new Dictionary<string, QuestionSet>()).Inspect(Spec("gb18030"))).Rows);
        Assert.Equal(1, DatasetStatistics.Of(new DatasetCatalogue(_folder.Path), Spec("gb18030"), null, default).Rows);
    }

    [Fact]
    public void Read_TablesWithAnEncoding_AreDecodedWithTheirQuestions()
    {
        var gbk = Encoding.GetEncoding("gbk");
        Directory.CreateDirectory(_folder["csv"]);
        File.WriteAllBytes(_folder["csv/1.csv"], gbk.GetBytes("\"城市\",\"人口\"\n\"北京\",\"2000\"\n"));
        File.WriteAllBytes(_folder["questions.tsv"], gbk.GetBytes("id\tutterance\tcontext\ttargetValue\nn\t北京有多少人？\tcsv/1.csv\t2000\n"));
        var spec = new DataSpec { Sources = [new SourceSpec { Path = _folder["questions.tsv"], Tables = new TableOptions(), Encoding = "gbk" }] };

        var row = Assert.Single(DataPreview.Rows(new DatasetCatalogue(_folder.Path), spec, new ByteTokenizer(), PromptTemplates.Plain, 1000, 0, 5));

        Assert.Contains("北京有多少人？", row.Prompt, StringComparison.Ordinal);
        Assert.Contains("城市", row.Prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows.csv", "instruction,output\na,b\nc\0,d\ne,f\n")]
    [InlineData("cot.tsv", "a\tb\tx\nc\0\td\tx\ne\tf\tx\n")]
    [InlineData("rows.jsonl", "{\"instruction\":\"a\",\"output\":\"b\"}\n{\"instruction\":\"c\0\",\"output\":\"d\"}\n{\"instruction\":\"e\",\"output\":\"f\"}\n")]
    public void Read_NulByte_IsToldByRowAndTheOthersAreKept(string name, string rows)
    {
        File.WriteAllText(_folder[name], rows);
        var skipped = new List<string>();

        Assert.Equal(["a", "e"], Read(name, null, skipped).Select(row => row.Instruction));
        Assert.Contains("row 2, line", Assert.Single(skipped), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ArrowMessageOfTwoGigabytesInAFewBytes_IsDamaged()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["r"], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0x68]);
        Assert.Contains("is damaged", Assert.Throws<DatasetException>(() => RecordReader.Read(folder["r"]).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ArrowTextThatIsNotUtf8_IsToldByRow()
    {
        using (var column = new StringArray.Builder().Append("good").Append("caf\u00e9", Encoding.Latin1).Append("good too").Build())
        using (var batch = new RecordBatch.Builder().Append("instruction", nullable: false, column).Build())
        using (var file = File.Create(_folder["rows.arrow"]))
        using (var writer = new ArrowFileWriter(file, batch.Schema))
        {
            writer.WriteRecordBatch(batch);
            writer.WriteEnd();
        }
        var rows = ArrowRows.Read(_folder["rows.arrow"]).ToList();
        Assert.Equal([false, true, false], rows.Select(row => row.Mistake is not null));
        Assert.Contains("UTF-8", rows[1].Mistake, StringComparison.Ordinal);
        Assert.Equal("good too", rows[2].Value!.Value.GetProperty("instruction").GetString());
    }

    private List<Conversation> Read(string name, string? encoding, List<string>? skipped = null)
        => [.. new DatasetCatalogue(_folder.Path).SourceFiles(new SourceSpec { Path = _folder[name], Encoding = encoding }).SelectMany(file => file.Read(null, skipped is null ? null : skipped.Add))];
}
