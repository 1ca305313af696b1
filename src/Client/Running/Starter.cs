using System.Reflection;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Running;

/// <summary>Writes a first sweep to begin from: <c>examples/starter.yaml</c>, over a base that is there.</summary>
internal static class Starter
{
    private const string Sweep = "starter.yaml";
    private const string Base = "nano-answers";

    /// <summary>Writes the file and says what to do with it.</summary>
    /// <param name="context">The client's context.</param>
    /// <param name="file">The file to write.</param>
    /// <param name="model">The base to use; null for one of the home, which is made where there is none.</param>
    /// <param name="force">Write over a file that is there.</param>
    /// <param name="json">Whether to answer as JSON.</param>
    /// <param name="stop">Ends the making of a base.</param>
    public static async Task<int> RunAsync(ClientContext context, string file, string? model, bool force, bool json, CancellationToken stop)
    {
        if (Directory.Exists(file)) throw new ClientException($"{file} is a folder; name the file to write: {Path.Combine(file, "sweep.yaml")}");
        if (File.Exists(file) && !force) throw new ClientException($"{file} is there already; choose another name, or write over it with --force");
        var reference = model is null ? await OfTheHomeAsync(context, stop) : Given(context, model, Path.GetDirectoryName(Path.GetFullPath(file))!);
        var line = $"{{ name: {Base}, path: {Base} }}";
        var text = await ReadAsync(Sweep);
        AtomicFile.WriteAllText(file, text.Replace(line, $"{{ name: {NameOf(reference)}, path: {Quoted(reference)} }}", StringComparison.Ordinal));
        string[] next = [TrialCommands.Line("sweep", "validate", file), TrialCommands.Line("sweep", "run", file)];
        if (json) ClientJson.Print(new { file = Path.GetFullPath(file), model = reference, next });
        else System.Console.Out.WriteLine($"{file} is a sweep over {reference}. Next:\n  {string.Join("\n  ", next)}");
        return ExitCodes.Done;
    }

    /// <summary>A file that travels inside the program, so that it is the same wherever the program runs.</summary>
    public static async Task<string> ReadAsync(string name)
    {
        await using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new ClientException($"this build holds no {name}", ExitCodes.Failed);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static string Given(ClientContext context, string model, string folder)
    {
        var places = new Places(Environment.CurrentDirectory, context.Home.Models);
        var found = places.Find(model) ?? throw new ClientException($"{model}: no such model ({places.Looked(model, Suggestions.Nearest)})");
        // Models of the home are found by their names; a path counts from the file's folder.
        return Path.GetDirectoryName(found) == context.Home.Models ? Path.GetFileName(found) : Path.GetRelativePath(folder, found) is var near && !near.StartsWith("..", StringComparison.Ordinal) ? near : found;
    }

    private static async Task<string> OfTheHomeAsync(ClientContext context, CancellationToken stop)
    {
        var usable = (await Catalogue.ModelsAsync(context, stop)).FirstOrDefault(entry => entry.Usable);
        if (usable is not null) return usable.Name;
        await Quickstart.PretrainAsync(context, Base, stop);
        return Base;
    }

    private static string NameOf(string reference)
        => new([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(reference)).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);

    private static string Quoted(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') ? path : $"\"{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
