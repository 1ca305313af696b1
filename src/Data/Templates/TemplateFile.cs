using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// <c>template.json</c> beside an adapter: the template that trained it, in the keys of alpaca-lora's template files
/// (<c>prompt_input</c>, <c>prompt_no_input</c>, <c>response_split</c>) with a hash and a golden sample added.
/// </summary>
public static class TemplateFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "template.json";

    private const string SampleInstruction = "Add the numbers.";
    private const string SampleInput = "2, 3";
    private const string SampleOutput = "5";

    private static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The JSON of a template.</summary>
    public static string ToJson(PromptTemplate template) => JsonSerializer.Serialize(
        new Stored(template.Name, template.PromptWithInput, template.PromptWithoutInput, template.ResponsePrefix, template.ResponseMark, template.Hash,
            SampleOf(template)), _json);

    /// <summary>Reads the JSON of a template; also alpaca-lora's own files, which have neither hash nor sample.</summary>
    /// <param name="json">The text.</param>
    /// <param name="where">What to call it in an error.</param>
    /// <exception cref="DatasetException">It is not valid, or its hash or sample do not fit its prompts.</exception>
    public static PromptTemplate FromJson(string json, string where)
    {
        Stored? stored;
        try
        {
            stored = StrictJson.Parse(System.Text.Encoding.UTF8.GetBytes(json), where).Deserialize<Stored>(_json);
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException(e.Message, e);
        }
        catch (JsonException e)
        {
            throw new DatasetException($"{where}: is no template: the value of {e.Path?.TrimStart('$', '.')} is not a text", e);
        }
        if (stored?.PromptInput is null || stored.PromptNoInput is null)
            throw new DatasetException($"{where}: needs prompt_input and prompt_no_input");
        var template = new PromptTemplate(stored.Name ?? Path.GetFileNameWithoutExtension(where), stored.PromptInput, stored.PromptNoInput,
            stored.ResponsePrefix ?? "", stored.ResponseSplit ?? "");
        if (stored.Sha256 is not null && stored.Sha256 != template.Hash)
            throw new DatasetException($"{where}: its prompts do not fit its sha256; it was edited after training: restore it, or retrain");
        if (stored.Sample is not null && stored.Sample != SampleOf(template) && stored.Sample.Instruction == SampleInstruction)
            throw new DatasetException($"{where}: renders its sample differently than when it was written; use the version that trained the adapter");
        return template;
    }

    /// <summary>Writes <c>template.json</c> into a folder; it appears whole or not at all.</summary>
    public static void Save(PromptTemplate template, string folder)
        => AtomicFile.WriteAllText(Path.Combine(folder, Name), ToJson(template) + "\n");

    /// <summary>The template stored in a folder, or null where there is none.</summary>
    public static PromptTemplate? Load(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return null;
        try
        {
            return FromJson(FileText.Read(path), path);
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException(e.Message, e);
        }
    }

    /// <summary>
    /// The template to ask an adapter with: the stored one. A template asked for by hand must equal it.
    /// </summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="asked">The template asked for, or null for the stored one.</param>
    /// <exception cref="DatasetException">The two differ, or there is neither.</exception>
    public static PromptTemplate Resolve(string folder, PromptTemplate? asked = null)
    {
        var stored = Load(folder);
        if (stored is null)
            return asked ?? throw new DatasetException($"{folder}: has no {Name}; name the template that trained this adapter");
        if (asked is not null && asked.Hash != stored.Hash)
            throw new DatasetException(
                $"{folder}: was trained with template {stored.Name} ({stored.Hash[..8]}), not {asked.Name} ({asked.Hash[..8]}); leave the template out to use the stored one");
        return stored;
    }

    private static Sample SampleOf(PromptTemplate template) => new(SampleInstruction, SampleInput, SampleOutput,
        template.Prompt(SampleInstruction, SampleInput), template.Prompt(SampleInstruction), template.Response(SampleOutput));

    private sealed record Stored(
        string? Name, string? PromptInput, string? PromptNoInput, string? ResponsePrefix, string? ResponseSplit, string? Sha256, Sample? Sample);

    private sealed record Sample(string Instruction, string Input, string Output, string Prompt, string PromptWithoutInput, string Response);
}
