using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker;

/// <summary>What a job works with.</summary>
/// <param name="Assignment">The assignment's name.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Send">Tells the supervisor; never blocks.</param>
/// <param name="Commands">Commands to the running job (<see cref="GenerateCommand"/>).</param>
/// <param name="Time">The clock.</param>
/// <param name="State">What stays loaded between jobs.</param>
/// <param name="Stop">Cancelled when the job shall end at the next step.</param>
internal sealed record JobContext(
    string Assignment, long Fence, Action<WorkerEvent> Send, ChannelReader<WorkerCommand> Commands, TimeProvider Time, WorkerState State, CancellationToken Stop)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);
    private readonly Dictionary<string, long> _shown = new(StringComparer.Ordinal);
    private static readonly TimeSpan _beat = TimeSpan.FromSeconds(1);
    private readonly List<string> _remarks = [];
    private (string? Phase, long At) _lastBeat;

    /// <summary>Tells progress, a few times a second for each member and phase; first and last steps always.</summary>
    public void Progress(string phase, long step, long total, string? member = null, double? loss = null, double? tokensPerSecond = null, string? note = null)
    {
        var key = $"{member}/{phase}";
        if (_shown.TryGetValue(key, out var last) && step < total && Time.GetElapsedTime(last) < _pause) return;
        _shown[key] = Time.GetTimestamp();
        Send(new ProgressEvent(Assignment, Fence, member, phase, step, total, loss, tokensPerSecond, note));
    }

    /// <summary>Tells that the job's work goes on: called by the thread that works, before each piece of it. Once a second is enough, and at each change of the phase.</summary>
    /// <param name="phase">One of <see cref="WorkPhases"/>.</param>
    public void Beat(string phase)
    {
        if (_lastBeat.Phase == phase && Time.GetElapsedTime(_lastBeat.At) < _beat) return;
        _lastBeat = (phase, Time.GetTimestamp());
        Send(new HeartbeatEvent(Assignment, Fence, phase));
    }

    /// <summary>Tells the user of a one-shot job something, each line once; it is shown at once and is part of the answer.</summary>
    public void Remark(params IEnumerable<string> lines)
    {
        foreach (var line in lines.Select(line => line.ReplaceLineEndings(" ")))
        {
            if (_remarks.Contains(line)) continue;
            _remarks.Add(line);
            Send(new RemarkEvent(Assignment, Fence, line));
        }
    }

    /// <summary>Gives a one-shot job's answer, with its <c>remarks</c>.</summary>
    public void Answer<T>(T document, string? text = null)
    {
        var json = JsonSerializer.SerializeToNode(document, Frames.Json);
        if (json is JsonObject answer) answer["remarks"] = new JsonArray([.. _remarks.Select(line => (JsonNode)line)]);
        Send(new OutputEvent(Assignment, Fence, JsonSerializer.SerializeToElement(json, Frames.Json), text));
    }
}
