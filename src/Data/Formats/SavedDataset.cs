using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Formats;

/// <summary>A folder that Hugging Face datasets saved (<c>save_to_disk</c>): <c>state.json</c> names the Arrow files in their order; <c>dataset_dict.json</c> the splits, each a folder.</summary>
internal static class SavedDataset
{
    private const string State = "state.json", Splits = "dataset_dict.json";

    /// <summary>The data files in their order; null where the folder is no saved data set. Of several splits the one called <c>train</c>, else the first.</summary>
    /// <exception cref="DatasetException">It is one that cannot be read.</exception>
    public static IReadOnlyList<string>? Files(string folder)
    {
        try
        {
            if (File.Exists(Path.Combine(folder, Splits)))
            {
                var names = FileText.ReadJson(Path.Combine(folder, Splits)).GetProperty("splits").EnumerateArray().Select(name => name.GetString()!).ToList();
                return names.Count == 0 ? throw new DatasetException($"{folder}: has no splits") : Files(Path.Combine(folder, names.Contains("train") ? "train" : names[0]));
            }
            if (!File.Exists(Path.Combine(folder, State))) return null;
            return [.. FileText.ReadJson(Path.Combine(folder, State)).GetProperty("_data_files").EnumerateArray().Select(file => Path.Combine(folder, Path.GetFileName(file.GetProperty("filename").GetString()!)))];
        }
        catch (Exception e) when (e is InvalidDataException or KeyNotFoundException or InvalidOperationException or JsonException)
        {
            throw new DatasetException($"{folder}: is no saved data set: {e.Message}", e);
        }
    }
}
