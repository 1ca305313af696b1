using System.Threading.Channels;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>The machine is measured once for each precision, and remembered.</summary>
public sealed class CalibrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<WorkerEvent> _said = [];

    public void Dispose() => _folder.Dispose();

    private MachineFacts Measure(params string[] precisions)
        => Calibration.Of(
            precisions, Environment.ProcessorCount, new WorkerFolders(_folder["models"], _folder["datasets"], _folder["cache"]),
            new JobContext("prepare", 1, _said.Add, Channel.CreateUnbounded<WorkerCommand>().Reader, TimeProvider.System, new WorkerState(), CancellationToken.None));

    [Fact]
    public void Of_FirstTime_MeasuresAndRemembers()
    {
        var first = Measure("fp32");
        var speed = first.Speeds["fp32"];
        Assert.True(speed is { TrainBlock: >= 0, TrainBlockToken: >= 0, TrainTokenWeight: > 0, DecodeBlock: > 0, DecodeTokenWeight: >= 0, DecodeBatch: > 1 }, speed.ToString());
        // A product of two numbers takes no machine a microsecond.
        Assert.InRange(speed.TrainTokenWeight, 1e-13, 1e-6);
        Assert.Contains(Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture), first.Description, StringComparison.Ordinal);
        Assert.True(first.ProcessBytes > 0);
        Assert.Single(_said.OfType<ProgressEvent>(), e => e.Phase == "calibrate");

        Assert.Equal(speed, Measure("fp32").Speeds["fp32"]);
        Assert.Single(_said.OfType<ProgressEvent>(), e => e.Phase == "calibrate");
        Assert.Equal(["bf16", "fp32"], Measure("fp32", "bf16").Speeds.Keys);
        Assert.Equal(2, _said.OfType<ProgressEvent>().Count(e => e.Phase == "calibrate"));
    }

    [Fact]
    public void Of_DamagedNote_MeasuresAnew()
    {
        Measure("fp32");
        foreach (var note in Directory.EnumerateFiles(_folder["cache/machine"])) File.WriteAllText(note, "{");
        Assert.True(Measure("fp32").Speeds["fp32"].TrainTokenWeight > 0);
    }
}
