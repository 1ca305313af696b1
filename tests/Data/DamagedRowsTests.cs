using System.Text;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Rows come from strangers: whatever is wrong with a file, its rows are read or it is refused with one line that names it.</summary>
public sealed class DamagedRowsTests : IDisposable
{
    private static readonly string[] _rows =
    [
        """[{"instruction":"Add.","input":"2, 3","output":"5","rationale":null},{"instruction":"Seed","instances":[{"input":"","output":"x"}]},{"question":"1+1?","answer":"<<1+1=2>>so\n#### 2"}]""",
        """[{"instruction":"é 😀","output":7,"history":[],"system":"","answer":"a"},{"instruction":"\ud83d\ude00","input":"","output":"b","text":{"deep":[[[1]]]}}]""",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PropertyTest(300)]
    public void Array_DamagedBytes_ReadOrRefused(Damage damage) => Each(_rows, rows => ReadOrRefused(damage.Apply(Encoding.UTF8.GetBytes(rows))));

    [PropertyTest(300)]
    public void Array_OtherValues_ReadOrRefused(JsonDamage damage) => Each(_rows, rows => ReadOrRefused(Encoding.UTF8.GetBytes(damage.Apply(rows))));

    [PropertyTest(300)]
    public void Lines_DamagedBytes_ReadOrRefused(Damage damage) => Each(_rows, rows => ReadOrRefused(damage.Apply(Encoding.UTF8.GetBytes(Lines(rows)))));

    [PropertyTest(200)]
    public void Tsv_DamagedBytes_ReadOrRefused(Damage damage)
        => ReadOrRefused(damage.Apply("Which?\\nOptions:\\n- yes\tyes\tFirst.\\nSecond.\r\nüber\tb\tc\n\n"u8.ToArray()));

    [PropertyTest(200)]
    public void AnyBytes_ReadOrRefused(byte[] bytes) => ReadOrRefused(bytes);

    [Fact]
    public void Rows_Undamaged_AreRead()
    {
        foreach (var rows in _rows)
        {
            var records = Read(Encoding.UTF8.GetBytes(rows));
            Assert.InRange(records.Count, 2, 3);
            Assert.Equal(records, Read(Encoding.UTF8.GetBytes(Lines(rows))));
        }
    }

    private static void Each(IEnumerable<string> files, Action<string> check)
    {
        foreach (var file in files) check(file);
    }

    /// <summary>The rows of an array as JSON lines.</summary>
    private static string Lines(string array)
        => string.Join("\n", System.Text.Json.Nodes.JsonNode.Parse(array)!.AsArray().Select(row => row!.ToJsonString())) + "\n";

    private List<Conversation> Read(byte[] bytes)
    {
        File.WriteAllBytes(_folder["rows"], bytes);
        return [.. Importing.RecordReader.Read(_folder["rows"])];
    }

    private void ReadOrRefused(byte[] bytes)
    {
        try
        {
            Assert.NotEmpty(Read(bytes));
        }
        catch (DatasetException e)
        {
            Assert.Contains(_folder["rows"], e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
