using System.Globalization;
using System.Text;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>data list</c>, <c>data add</c> and <c>data stats</c>: the catalogue of data sets.</summary>
internal static class DataSetTools
{
    /// <summary>The known sets, those that are registered, and what else lies in the data sets' folder.</summary>
    public static void List(ListDataRequest request, WorkerFolders folders, JobContext context)
    {
        var (language, task, generation, present) = (request.Language, request.Task, request.Generation, request.Present);
        var sets = ListTools.Sets(folders.Datasets)
            .Where(set => language is null || set.Language == language || set.Language == KnownSet.SeveralLanguages)
            .Where(set => (task is null || Same(set.Task, task)) && (generation is null || Same(set.Generation, generation)) && (!present || set.Present)).ToList();
        var text = new StringBuilder();
        foreach (var set in sets)
            text.Append(CultureInfo.InvariantCulture, $"{set.Name,-22} {set.Language,-5} {set.Task,-2} {set.Generation,-3} {(set.Rows is { } rows ? rows.ToString("N0", CultureInfo.InvariantCulture) : ""),12} {(set.Present ? "present" : "-"),-7} {set.About}; {set.Licence}\n");
        context.Answer(
            sets.Select(set => new { name = set.Name, language = set.Language, task = set.Task, generation = set.Generation, rows = set.Rows, licence = set.Licence, source = set.Source, present = set.Present }),
            text.Length == 0 ? "no data set is like that" : text.ToString().TrimEnd('\n'));

        static bool Same(string tag, string wanted) => tag.Equals(wanted, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Brings a set into the data sets' folder.</summary>
    public static void Add(AddDataRequest request, WorkerFolders folders, JobContext context)
    {
        var files = HubTools.Fetch(folders, context, "--mirrors", request.Mirrors, request.Offline,
            (client, progress) => new DatasetAdding(client, folders.Datasets).AddAsync(request.Reference, request.Name, request.Sha256, request.Revision, progress, context.Stop));
        context.Answer(new { files }, string.Join('\n', files.Select(file => $"added {file}")));
    }

    /// <summary>Counts of a set: rows, turns, lengths, languages.</summary>
    public static void Stats(DataStatisticsRequest request, WorkerFolders folders, JobContext context)
    {
        var model = request.Model;
        var tokenizer = model is null ? null : TokenizerDirectory.Load(File.Exists(model) ? model : ModelPlaces.Resolve(model, folders));
        var statistics = DatasetStatistics.Of(new DatasetCatalogue([Environment.CurrentDirectory, folders.Datasets]), request.Data, tokenizer, context.Stop);
        context.Answer(statistics, statistics.ToText());
    }
}
