using System.Text.Json;
using AlpacaCot.Data;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Templates;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>list models|data|templates</c>: what this home has, and what a sweep can name.</summary>
internal static class ListTools
{
    /// <summary>The model directories of the home.</summary>
    public static void Models(WorkerFolders folders, JobContext context)
    {
        context.Answer(Folders(folders.Models).Where(folder => File.Exists(Path.Combine(folder, "config.json"))).Select(Model).ToList());
    }

    /// <summary>The known data sets, each with what is there of it, and the other files of the home's data sets' folder.</summary>
    public static void Data(WorkerFolders folders, JobContext context)
    {
        context.Answer(Sets(folders.Datasets));
    }

    /// <summary>The sets that can be named in a data sets' folder.</summary>
    internal static IReadOnlyList<ListedData> Sets(string folder)
    {
        var catalogue = new DatasetCatalogue([folder]);
        var known = DatasetCatalogue.Known.Select(set =>
        {
            var files = Files(catalogue, new SourceSpec { Set = set.Name, Language = set.Language });
            return new ListedData(set.Name, set.Language, set.About, files.Count > 0, files, set.Patterns) { Task = set.Task, Generation = set.Generation, Rows = set.Rows, Licence = set.Licence, Source = set.Source };
        }).ToList();
        var registered = catalogue.Registered().Select(entry =>
        {
            var files = Files(catalogue, new SourceSpec { Set = entry.Name });
            return new ListedData(entry.Name, "", $"registered by {DatasetInfoEntry.FileName}, {entry.Formatting}", files.Count > 0, files, [entry.Reference]) { Source = entry.Reference };
        }).ToList();
        var used = known.Concat(registered).SelectMany(set => set.Files).ToHashSet(StringComparer.Ordinal);
        var own = Directory.Exists(folder)
            ? Directory.EnumerateFileSystemEntries(folder).Where(entry => Directory.Exists(entry) || DatasetCatalogue.IsData(entry)).Order(StringComparer.Ordinal).ToList() : [];
        return
        [
            .. known, .. registered,
            .. own.Where(entry => !used.Any(file => file == entry || file.StartsWith(entry + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
                .Select(entry => new ListedData(Path.GetFileNameWithoutExtension(entry), "", Directory.Exists(entry) ? "a folder of the home" : "a file of the home", true, [entry], [])),
        ];
    }

    /// <summary>The prompt templates.</summary>
    public static void Templates(JobContext context)
    {
        string Sample(IConversationForm chat, string asked) => chat.Asked(asked, [], "")[^1].Text;
        context.Answer((List<ListedTemplate>)
        [
            .. PromptTemplates.All.Select(t => new ListedTemplate(t.Name, t.PromptWithInput, t.PromptWithoutInput, t.ResponsePrefix, t.Hash)),
            .. NamedChatTemplates.All.Select(named => named.Form(TemplateNames.NamedChat + named.Name, "<s>", "</s>"))
                .Select(chat => new ListedTemplate(chat.Name, Sample(chat, "{instruction}\n{input}"), Sample(chat, "{instruction}"), chat.Response(""), chat.Hash)),
        ]);
    }

    private static IReadOnlyList<string> Files(DatasetCatalogue catalogue, SourceSpec source)
    {
        try
        {
            return catalogue.Files(source);
        }
        catch (DatasetException)
        {
            return [];
        }
    }

    private static ListedModel Model(string folder)
    {
        var (name, bytes) = (Path.GetFileName(folder), new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length));
        var tokenizer = HasTokenizer(folder);
        try
        {
            var type = DecoderConfig.ModelTypeOf(Path.Combine(folder, "config.json"));
            return new ListedModel(name, folder, type, ModelDirectory.ModelTypes.Contains(type), tokenizer, bytes);
        }
        catch (Exception e) when (e is ModelException or JsonException)
        {
            return new ListedModel(name, folder, "", false, tokenizer, bytes, e.Message);
        }
    }

    private static bool HasTokenizer(string folder)
    {
        try
        {
            return TokenizerDirectory.Load(folder).VocabularySize > 0;
        }
        catch (TokenizerException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Folders(string folder) => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];
}
