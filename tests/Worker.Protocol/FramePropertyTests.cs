using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.WorkerProtocol;

/// <summary>What holds for every message and for every damage on its way.</summary>
public sealed class FramePropertyTests
{
    [PropertyTest(300, Arbitrary = [typeof(Messages), typeof(Damages)])]
    public async Task Event_Any_ComesBackEqual(WorkerEvent message) => Assert.Null(Messages.Difference(message, await ReadAsync<WorkerEvent>(await BytesAsync(message))));

    [PropertyTest(300, Arbitrary = [typeof(Messages), typeof(Damages)])]
    public async Task Command_Any_ComesBackEqual(WorkerCommand message) => Assert.Null(Messages.Difference(message, await ReadAsync<WorkerCommand>(await BytesAsync(message))));

    [PropertyTest(500, Arbitrary = [typeof(Messages), typeof(Damages)])]
    public async Task Read_DamagedFrames_WholeMessagesOrARefusal(WorkerEvent message, Damage damage) => await ReadAllAsync<WorkerEvent>(damage.Apply(await BytesAsync(message)));

    [PropertyTest(300, Arbitrary = [typeof(Messages), typeof(Damages)])]
    public async Task Read_WellFormedJsonOfTheWrongShape_WholeMessagesOrARefusal(WorkerCommand message, JsonDamage damage)
    {
        var json = damage.Apply(System.Text.Encoding.UTF8.GetString(await BytesAsync(message), 4, (await BytesAsync(message)).Length - 4));
        var body = System.Text.Encoding.UTF8.GetBytes(json);
        await ReadAllAsync<WorkerCommand>([.. BitConverter.GetBytes(body.Length), .. body]);
    }

    [PropertyTest(300)]
    public async Task Read_AnyBytes_WholeMessagesOrARefusal(byte[] bytes)
    {
        await ReadAllAsync<WorkerEvent>(bytes);
        await ReadAllAsync<WorkerCommand>([.. BitConverter.GetBytes(bytes.Length), .. bytes]);
    }

    /// <summary>Reads until the stream ends or is refused; what was taken for a message must have all that its declaration promises.</summary>
    private static async Task ReadAllAsync<T>(byte[] bytes) where T : class
    {
        var stream = new MemoryStream(bytes);
        try
        {
            while (await Frames.ReadAsync<T>(stream, CancellationToken.None) is { } message) Assert.Null(Messages.Missing(message, message.GetType().Name));
        }
        catch (ProtocolException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    private static async Task<byte[]> BytesAsync<T>(T message) where T : class
    {
        var stream = new MemoryStream();
        await Frames.WriteAsync(stream, message, CancellationToken.None);
        return stream.ToArray();
    }

    private static Task<T?> ReadAsync<T>(byte[] bytes) where T : class => Frames.ReadAsync<T>(new MemoryStream(bytes), CancellationToken.None);
}
