using System.Diagnostics;
using System.Globalization;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Running;

/// <summary>Looks at the machine: what this program sees itself, then what a worker says of what it computes with.</summary>
internal static class Doctor
{
    private const double LowDiskGiB = 2;      // a checkpoint of a 1 B-parameter model, or libtorch once more
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private const int FewFiles = 1024;        // a silo with 16 workers and their sockets, databases and shards stays below

    /// <summary>All findings.</summary>
    public static async Task<IReadOnlyList<DoctorFinding>> RunAsync(ClientContext context, CancellationToken cancellationToken)
    {
        var findings = new List<DoctorFinding> { await SdkAsync(cancellationToken), Home(context.Home), Disk(context.Home) };
        if (OpenFiles() is { } files) findings.Add(files);
        findings.AddRange(await WorkerAsync(context, cancellationToken));
        return findings;
    }

    private static async Task<DoctorFinding> SdkAsync(CancellationToken cancellationToken)
    {
        var runtime = $".NET runtime {Environment.Version}";
        try
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            late.CancelAfter(_patience);
            var version = (await process.StandardOutput.ReadToEndAsync(late.Token)).Trim();
            await process.WaitForExitAsync(late.Token);
            if (process.ExitCode == 0) return new DoctorFinding("sdk", DoctorState.Ok, $"SDK {version}, {runtime}");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // No dotnet on the path, or one that does not answer: a published program needs none.
        }
        return new DoctorFinding("sdk", DoctorState.Note, $"no SDK on the path, {runtime}", "only building and testing need it: https://dotnet.microsoft.com/download/dotnet/10.0");
    }

    private static DoctorFinding Home(HomeLayout home)
    {
        var probe = Path.Combine(home.Root, $".doctor-{Environment.ProcessId}");
        try
        {
            File.WriteAllText(probe, "");
            File.Delete(probe);
            var running = File.Exists(home.SiloSocket) ? "a silo's socket is there" : "no silo runs";
            return new DoctorFinding("home", DoctorState.Ok, $"{home.Root} ({running})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DoctorFinding("home", DoctorState.Problem, $"{home.Root} cannot be written: {e.Message}", $"make it writable, or set {HomeLayout.Variable} to a folder that is");
        }
    }

    private static DoctorFinding Disk(HomeLayout home)
    {
        var free = new DriveInfo(home.Root).AvailableFreeSpace / 1073741824.0;
        var found = string.Create(CultureInfo.InvariantCulture, $"{free:0.0} GiB free where the home is");
        return free >= LowDiskGiB ? new DoctorFinding("disk", DoctorState.Ok, found)
            : new DoctorFinding("disk", DoctorState.Problem, found, $"free some space, or set {HomeLayout.Variable} to another disk: checkpoints and caches are written there");
    }

    // The soft limit of open files, where the system tells it in a file.
    private static DoctorFinding? OpenFiles()
    {
        const string Limits = "/proc/self/limits";
        if (!File.Exists(Limits)) return null;
        var line = File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var limit = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        if (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var files)) return null;
        return files >= FewFiles ? new DoctorFinding("open files", DoctorState.Ok, $"{files} at once")
            : new DoctorFinding("open files", DoctorState.Note, $"{files} at once", "raise it before sweeps with many slots: ulimit -n 4096");
    }

    private static async Task<IReadOnlyList<DoctorFinding>> WorkerAsync(ClientContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await ToolRunner.AskAsync(context, new DoctorRequest(), cancellationToken);
        }
        catch (Exception e) when (e is ClientException or IOException or UnauthorizedAccessException)
        {
            return [new DoctorFinding("worker", DoctorState.Problem, e.Message, "build again: remove artifacts/ and run ./alpacacot")];
        }
    }
}
