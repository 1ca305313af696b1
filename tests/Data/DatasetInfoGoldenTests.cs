using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Importing;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Sets of a <c>dataset_info.json</c> as LLaMA-Factory's parser and converters give them.</summary>
[Trait("Category", "Golden")]
public sealed class DatasetInfoGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("format_dataset_info");

    [Theory]
    [MemberData(nameof(Cases))]
    public void DatasetInfo_EveryEntry_HasItsAttributesAndRecords(string folder)
    {
        var golden = Golden.Open(folder);
        var entries = DatasetInfoEntry.Load(golden.File(DatasetInfoEntry.FileName));
        var faults = new List<string>();
        foreach (var expected in JsonGolden.Lines(golden.File("expected.jsonl")))
        {
            var entry = entries[expected.GetProperty("name").GetString()!];
            CompareAttributes(faults, entry, expected.GetProperty("attributes"));
            try
            {
                if (expected.TryGetProperty("error", out var error))
                {
                    _ = DatasetInfoRows.Aligned(entry, golden.Path).Count();
                    faults.Add($"{entry.Name}: read although {error}");
                }
                else if (expected.TryGetProperty("records", out var records))
                {
                    var rows = DatasetInfoRows.Aligned(entry, golden.Path).ToList();
                    if (rows.Count != records.GetArrayLength()) faults.Add($"{entry.Name}: {rows.Count} rows, expected {records.GetArrayLength()}");
                    foreach (var (row, wanted) in rows.Zip(records.EnumerateArray()))
                        if (row.Row is not { } aligned || !Equal(aligned, wanted)) faults.Add($"{entry.Name}: {row.Mistake}{row.Row} {JsonSerializer.Serialize(row.Row)}, expected {wanted}");
                }
            }
            catch (DatasetException e)
            {
                if (!expected.TryGetProperty("error", out _)) faults.Add(e.Message);
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private static void CompareAttributes(List<string> faults, DatasetInfoEntry entry, JsonElement wanted)
    {
        var place = entry.Place switch
        {
            DatasetPlace.HuggingFace => "hf_hub",
            DatasetPlace.ModelScope => "ms_hub",
            DatasetPlace.Modelers => "om_hub",
            DatasetPlace.Script => "script",
            DatasetPlace.Cloud => "cloud_file",
            _ => "file",
        };
        var found = new Dictionary<string, object?>
        {
            ["load_from"] = place, ["dataset_name"] = entry.Reference, ["formatting"] = entry.Formatting, ["ranking"] = entry.Ranking, ["subset"] = entry.Subset, ["split"] = entry.Split, ["folder"] = entry.Folder,
            ["num_samples"] = entry.Samples,
        };
        foreach (var (key, name) in entry.Columns) found[key] = name;
        var json = JsonSerializer.SerializeToElement(found);
        if (!JsonGolden.Equal(wanted, json)) faults.Add($"{entry.Name}: attributes {json}, expected {wanted}");
    }

    private static bool Equal(AlignedRow row, JsonElement wanted)
    {
        bool Turns(string name, IReadOnlyList<AlignedTurn> turns)
            => wanted.GetProperty(name).EnumerateArray().Select(turn => new AlignedTurn(turn.GetProperty("role").GetString()!, turn.GetProperty("content").GetString()!)).SequenceEqual(turns);
        bool Text(string name, string? text) => (wanted.TryGetProperty(name, out var value) ? value.GetString() : null) == text;
        var warnings = wanted.TryGetProperty("warnings", out var told) ? told.EnumerateArray().Select(warning => warning.GetString()!).ToList() : [];
        return Turns("_prompt", row.Prompt) && Turns("_response", row.Response) && Text("_system", row.System) && Text("_tools", row.Tools) && warnings.SequenceEqual(row.Warnings);
    }
}
