using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Supervision;

namespace AlpacaCot.Tests.Grains;

/// <summary>A worker that has to say more than a message holds.</summary>
public sealed class WorkerMessageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A name whose letters are written with three times as many bytes by the worker as here.</summary>
    [Fact]
    public async Task EventOverTheLimit_FailsItsJobAloud_AndTheNextJobIsDone()
    {
        Directory.CreateDirectory(_folder["run"]);
        using var listener = LocalSocket.Bind(_folder["run/w"]);
        listener.Listen(1);
        var program = Siblings.Command(Siblings.Find(AppContext.BaseDirectory, "Worker"));
        using var process = Process.Start(new ProcessStartInfo(program[0], [.. program.Skip(1), _folder["run/w"], "--stub", "0"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var stream = new System.Net.Sockets.NetworkStream(await listener.AcceptAsync(late.Token), ownsSocket: true);
        Assert.IsType<HelloEvent>(await ReadAsync());

        var job = Platform.Job(_folder, trials: 2, name: new string('é', 6 << 20));
        var relaxed = new JsonSerializerOptions(Frames.Json) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var start = JsonSerializer.SerializeToUtf8Bytes<WorkerCommand>(new StartCommand("large", 7, job), relaxed);
        Assert.InRange(start.Length, 1, Frames.MaxBytes);
        await stream.WriteAsync(BitConverter.GetBytes(start.Length), late.Token);
        await stream.WriteAsync(start, late.Token);
        Assert.Equal(new StartedEvent("large", 7), await ReadAsync());
        var failed = Assert.IsType<FailedEvent>(await ReadAsync());
        Assert.Equal(("large", 7L, FailureKind.Unknown), (failed.Assignment, failed.Fence, failed.Kind));
        Assert.Contains("ResultEvent", failed.Message, StringComparison.Ordinal);
        Assert.Contains("16 MiB", failed.Message, StringComparison.Ordinal);

        // Nothing more is said of that job, and the worker is none the worse for it.
        var next = new StartCommand("next", 8, Platform.Job(_folder));
        WorkerEvent? said;
        do
        {
            await Frames.WriteAsync<WorkerCommand>(stream, next, late.Token);
            said = await ReadAsync();
        }
        while (said is FailedEvent { Message: "the worker has a job already" });
        Assert.Equal(new StartedEvent("next", 8), said);
        Assert.Equal("t0", Assert.IsType<ResultEvent>(await ReadAsync()).Trial);
        Assert.IsType<DoneEvent>(await ReadAsync());
        stream.Close();
        await process.WaitForExitAsync(late.Token);

        Task<WorkerEvent?> ReadAsync() => Frames.ReadAsync<WorkerEvent>(stream, late.Token);
    }
}
