using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Combining;
using AlpacaCot.Data.Templates;
using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>adapter show</c>, <c>adapter diff</c> and <c>adapter combine</c>.</summary>
internal static class AdapterTools
{
    /// <summary>Shows a folder.</summary>
    public static void Show(ShowAdapterRequest request, JobContext context)
    {
        var folder = request.Adapter;
        var config = AdapterDirectory.ReadConfig(folder);
        var tensors = AdapterFolderCheck.Tensors(folder);
        context.Remark(config.Remarks);
        var values = tensors.Sum(tensor => Count(tensor.Shape));
        var text = new StringBuilder(FormattableString.Invariant($"{config.PeftType} for {config.BaseModel ?? "an unnamed base"}: {tensors.Count} tensors, {values} values\n"));
        foreach (var (key, value) in Settings(config)) text.Append(CultureInfo.InvariantCulture, $"  {key}: {value?.ToJsonString() ?? "null"}\n");
        foreach (var tensor in tensors) text.Append(CultureInfo.InvariantCulture, $"  {tensor.Key} [{string.Join(", ", tensor.Shape)}] norm {tensor.Norm:0.####}\n");
        context.Answer(
            new { peft_type = config.PeftType, base_model = config.BaseModel, values, config = JsonNode.Parse(config.ToJson()), tensors = tensors.Select(tensor => new { key = tensor.Key, shape = tensor.Shape, norm = tensor.Norm }) },
            text.ToString().TrimEnd());
    }

    /// <summary>Compares two folders.</summary>
    public static void Diff(CompareAdaptersRequest request, JobContext context)
    {
        var (left, right) = (request.Left, request.Right);
        var (a, b) = (Settings(AdapterDirectory.ReadConfig(left)), Settings(AdapterDirectory.ReadConfig(right)));
        var settings = a.Select(entry => entry.Key).Union(b.Select(entry => entry.Key)).Order(StringComparer.Ordinal).Where(key => !JsonNode.DeepEquals(a[key], b[key])).ToList();
        var tensors = AdapterFolderCheck.Differences(left, right);
        var text = new StringBuilder();
        foreach (var key in settings) text.Append(CultureInfo.InvariantCulture, $"{key}: {a[key]?.ToJsonString() ?? "null"} | {b[key]?.ToJsonString() ?? "null"}\n");
        foreach (var tensor in tensors) text.Append(CultureInfo.InvariantCulture, $"{tensor.Key}: {(tensor.Difference is { } difference ? FormattableString.Invariant($"differs by {difference:0.0e+0} of its norm") : $"{Shape(tensor.Left)} | {Shape(tensor.Right)}")}\n");
        context.Answer(
            new { equal = settings.Count == 0 && tensors.Count == 0, settings, tensors = tensors.Select(tensor => new { key = tensor.Key, left = tensor.Left, right = tensor.Right, relative = tensor.Difference }) },
            text.Length == 0 ? "the two adapters are equal" : text.ToString().TrimEnd());
    }

    /// <summary>Makes one of several.</summary>
    public static void Combine(CombineAdaptersRequest request, WorkerFolders folders, JobContext context)
    {
        var (adapterFolders, output, weights) = (request.Adapters, request.Out, request.Weights);
        var settings = new CombineSettings(
            request.Type, request.Rank, request.Density ?? 0.5,
            (request.MajoritySignMethod ?? "total") switch { "frequency" => true, "total" => false, var other => throw new ToolException($"--majority-sign-method '{other}' is neither total nor frequency") });
        if (request.Rank is not null && !settings.HasRank) throw new ToolException($"--rank does nothing with --type {settings.Type}");
        if (request.Density is not null && !settings.Prunes) throw new ToolException($"--density does nothing with --type {settings.Type}");
        if (weights.Count == 0) weights = [.. adapterFolders.Select(_ => 1.0)];
        if (weights.Count != adapterFolders.Count) throw new ToolException($"--weights has {weights.Count} numbers for {adapterFolders.Count} adapters");
        if (!request.Force && Directory.Exists(output)) throw new ToolException($"{output} is there already; choose another --out, or add --force");
        foreach (var folder in adapterFolders) ModelTools.RequireFit(request.Model, folder, folders);
        var loaded = context.State.Base(new BaseModel(request.Model, ""), folders);
        var adapters = new List<Adapter>();
        try
        {
            foreach (var folder in adapterFolders) adapters.Add(AdapterDirectory.Load(loaded.Decoder, folder));
            using var combined = AdapterCombiner.Combine(loaded.Decoder, [.. adapters.Zip(weights)], settings);
            var template = adapterFolders.Select(TemplateFile.Load).FirstOrDefault(found => found is not null);
            AtomicFile.WriteDirectory(output, to =>
            {
                AdapterDirectory.Save(combined, to);
                AdapterFolderCheck.RequireSaved(combined, to);
                if (template is not null) TemplateFile.Save(template, to);
            });
            context.Answer(
                new { @out = output, type = settings.Type, adapters = adapterFolders, weights, modules = combined.Targets.Count, values = combined.TrainableParameters },
                $"combined {adapterFolders.Count} adapter{(adapterFolders.Count == 1 ? "" : "s")} by {settings.Type}: {combined.Targets.Count} modules, {combined.TrainableParameters} values\n{output}");
        }
        finally
        {
            foreach (var adapter in adapters) adapter.Dispose();
        }
    }

    private static JsonObject Settings(AdapterConfig config) => (JsonObject)JsonNode.Parse(config.ToJson())!;

    private static long Count(IReadOnlyList<long> shape) => shape.Aggregate(1L, (product, size) => product * size);

    private static string Shape(IReadOnlyList<long>? shape) => shape is null ? "absent" : $"[{string.Join(", ", shape)}]";
}
