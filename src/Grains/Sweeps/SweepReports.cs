using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Writes a sweep's report into its folder: <c>report.html</c>, <c>report.md</c>, <c>report.json</c>.</summary>
internal static class SweepReports
{
    private const string CurveFile = "losses.json";

    /// <summary>The end of a sweep does not wait longer for its report: as long as whoever asks for one waits.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    /// <summary>Renders and writes; each file appears whole or not at all. It runs off the activation's turns, since it reads files of every training and result, and its statistics of ten thousand trials take seconds.</summary>
    public static async Task<ReportFiles> WriteAsync(SweepState state, string folder, DateTimeOffset now, bool driven, CancellationToken cancellationToken)
    {
        var curves = state.View().Where(view => view.Adapter is not null).DistinctBy(view => view.Training!.Index).Select(view => (view.Training!.Name, view.Adapter!.Uri)).ToList();
        var results = state.View().SelectMany(view => view.Results.Select(result => (view.Trial.Name, result))).ToList();
        var (points, details) = await Task.Run(() => (curves.Select(curve => new LossCurve(curve.Name, Read(curve.Uri))).ToList(), ResultReading.Read(results)), cancellationToken);
        var make = ReportBuilder.Prepare(state, points, Environment(), now, details, driven);
        var files = new ReportFiles(Path.Combine(folder, "report.html"), Path.Combine(folder, "report.md"), Path.Combine(folder, "report.json"));
        await Task.Run(() =>
        {
            var report = make();
            report = report with { Trials = [.. report.Trials.Select(trial => WithLog(trial, folder))] };
            Directory.CreateDirectory(folder);
            AtomicFile.WriteAllText(files.Html, ReportWriter.Html(report, folder));
            AtomicFile.WriteAllText(files.Markdown, ReportWriter.Markdown(report));
            AtomicFile.WriteAllText(files.Json, ReportWriter.Json(report));
        }, cancellationToken);
        return files;
    }

    /// <summary>The same at the end of a sweep: where it cannot be written, the results stand without it, and it is written once the cause is gone.</summary>
    public static async Task<StoredReport> TryWriteAsync(SweepState state, string folder, DateTimeOffset now)
    {
        try
        {
            return new StoredReport { Html = (await WriteAsync(state, folder, now, driven: true, CancellationToken.None).WaitAsync(_patience)).Html };
        }
        catch (Exception e)
        {
            return new StoredReport { Problem = e.Message };
        }
    }

    private static ReportTrial WithLog(ReportTrial trial, string folder)
        => Path.Combine(folder, "logs", $"{trial.Name}.log") is var log && File.Exists(log) ? trial with { Files = [.. trial.Files, new ReportFile("log", "", log)] } : trial;

    private static CurvePoint[] Read(string adapter)
    {
        var file = Path.Combine(adapter, CurveFile);
        if (!File.Exists(file)) return [];
        var losses = JsonSerializer.Deserialize<double[]>(File.ReadAllBytes(file)) ?? [];
        return [.. losses.Select((loss, step) => new CurvePoint(step + 1, loss))];
    }

    private static Dictionary<string, string> Environment() => new()
    {
        ["machine"] = string.Create(CultureInfo.InvariantCulture, $"{System.Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["platform"] = typeof(SweepReports).Assembly.GetName().Version?.ToString() ?? "",
    };
}
