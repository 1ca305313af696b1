using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.WorkerProtocol;

/// <summary>Messages through the framing and back.</summary>
public sealed class FramesTests
{
    private static readonly WorkerFolders s_folders = new("/h/models", "/h/datasets", "/h/cache");

    private static JsonElement Element(string json) => JsonDocument.Parse(json).RootElement;

    public static TheoryData<string> Events => [.. s_events.Keys];

    public static TheoryData<string> Commands => [.. s_commands.Keys];

    private static readonly Dictionary<string, WorkerEvent> s_events = new()
    {
        ["hello"] = new HelloEvent(1, 42),
        ["started"] = new StartedEvent("pack-0", 7),
        ["progress"] = new ProgressEvent("pack-0", 7, "m", "train", 3, 10, 1.25, 1000.5, "note"),
        ["heartbeat"] = new HeartbeatEvent("pack-0", 7, "load"),
        ["checkpoint"] = new CheckpointEvent("pack-0", 7, "/c/step-3", 3, "ab"),
        ["remark"] = new RemarkEvent("tool", 1, "2 rows of 10 dropped"),
        ["trained"] = new TrainedEvent("pack-0", 7, "m", "/a", "ab", 10, double.NaN, 1.5, 12345678901),
        ["result"] = new ResultEvent("pack-0", 7, "t", "goat", new Dictionary<string, double> { ["exact_match"] = 0.5, ["loss"] = double.PositiveInfinity }, 10, null, 0.1),
        ["output"] = new OutputEvent("tool", 1, Element("""{"a":[1,null,"ü"]}"""), "text"),
        ["tokens"] = new TokensEvent("serve", 1, [new RequestTokens("r1", 0, [1, 2], "he", null), new RequestTokens("r2", 4, [], "", "error", "no")]),
        ["evaluation_failed"] = new EvaluationFailedEvent("evaluation-0", 8, "t", "sums", FailureKind.Data, "no such file"),
        ["failed"] = new FailedEvent("pack-0", 7, FailureKind.NonFinite, "loss is NaN", "m"),
        ["done"] = new DoneEvent("pack-0", 7, 2.5, 1L << 33),
    };

    private static readonly Dictionary<string, WorkerCommand> s_commands = new()
    {
        ["train"] = new StartCommand("pack-0", 7, new TrainJob
        {
            Base = new BaseModel("models/nano", "bf16"), Directory = "/d", BaseDirectory = "/b", Resume = new CheckpointReference("/c", 5, "ab"), Folders = s_folders,
            Threads = 2, MicroBatchTokens = 64, CheckpointSeconds = 0.5, CheckpointSteps = 3,
            Members =
            [
                new PackMember
                {
                    Name = "m", Method = new MethodSpec { Name = "a", Method = "lora", Options = new Dictionary<string, JsonElement> { ["r"] = Element("8") } },
                    Data = new DataSpec { Name = "d", Sources = [new SourceSpec { Goat = new GoatOptions { Paper = true } }], Template = "goat" },
                    Training = new TrainingSpec { LearningRate = 0.0003, Clip = 0, ScheduleArguments = new Dictionary<string, double> { ["power"] = 2 } }, Seed = 3, SharedKey = "k",
                    DataFiles = [new FileStamp("/d/r", 3, 4, "cd")],
                },
                new PackMember { Name = "n", Method = new MethodSpec { Name = "b", Method = "ia3" }, Data = new DataSpec { Sources = [] }, Training = new TrainingSpec(), Seed = long.MaxValue, Trained = true },
            ],
        }),
        ["evaluate"] = new StartCommand("evaluation-0", 8, new EvaluateJob
        {
            Base = new BaseModel("models/nano", "bf16"), Directory = "/d", BaseDirectory = "/b", Folders = s_folders, Threads = 2, MemoryDivisor = 4, Sweep = "e/s", BaseFiles = [new FileStamp("/m/w", 1, 2, "ab")],
            Members =
            [
                new EvaluateMember
                {
                    Name = "m", Adapter = "/a",
                    Trials = [new EvaluateTrial { Name = "t", Cue = "Let's", SharedKeys = new Dictionary<string, string> { ["e"] = "k" }, Decoding = new DecodingSpec { Strategy = "sample", Stop = ["\n"] }, Seed = 4, Evaluation = [new EvaluationSpec { Name = "e", Suite = "s", Limit = 3 }] }],
                },
            ],
        }),
        ["serve"] = new StartCommand("serve", 1, new ServeJob(new BaseModel("b", "fp32"), 2, s_folders)),
        ["tool"] = new StartCommand("tool", 1, new ToolJob(new VerifyModelsRequest { First = "a", Second = "b", Tolerance = 0.5 }, s_folders)),
        ["cancel"] = new CancelCommand("pack-0", 7),
        ["generate"] = new GenerateCommand("r1", "Once", true, new DecodingSpec { MaxNewTokens = 3, Temperature = 0.7, TopK = 4, TopP = 0.9 }, 5, "/a", "cue"),
        ["stop"] = new StopCommand(),
    };

    [Theory, MemberData(nameof(Events))]
    public Task Event_ThroughAFrame_ComesBackEqual(string name) => RoundTripAsync(s_events[name]);

    [Theory, MemberData(nameof(Commands))]
    public Task Command_ThroughAFrame_ComesBackEqual(string name) => RoundTripAsync(s_commands[name]);

    [Fact]
    public void Samples_CoverEveryMessageOfTheProtocol()
    {
        static IEnumerable<Type> Concrete(Type of) => of.Assembly.GetTypes().Where(type => type.IsSubclassOf(of) && !type.IsAbstract).OrderBy(type => type.Name);
        Assert.Equal(Concrete(typeof(WorkerEvent)), s_events.Values.Select(e => e.GetType()).OrderBy(type => type.Name));
        Assert.Equal(Concrete(typeof(WorkerCommand)), s_commands.Values.Select(e => e.GetType()).Distinct().OrderBy(type => type.Name));
        Assert.Equal(Concrete(typeof(WorkerJob)), s_commands.Values.OfType<StartCommand>().Select(s => s.Job.GetType()).OrderBy(type => type.Name));
    }

    [Fact]
    public void Tools_EveryRequestHasTheNameOfItsTool()
    {
        var requests = typeof(ToolRequest).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ToolRequest)) && !type.IsAbstract).OrderBy(type => type.Name, StringComparer.Ordinal);
        Assert.Equal(requests, ToolRequest.All.Values.OrderBy(type => type.Name, StringComparer.Ordinal));
        Assert.Equal(("model show", "doctor"), (new ShowModelRequest { Model = "m" }.Tool, new DoctorRequest().Tool));
    }

    /// <summary>A setting that is missing is no empty one.</summary>
    [Fact]
    public async Task Read_ToolWithoutASettingThatItNeeds_IsRefused()
        => await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerCommand>(Frame("""{"command":"start","assignment":"a","fence":1,"job":{"job":"tool","request":{"tool":"model show"},"folders":{"models":"m","datasets":"d","cache":"c"}}}"""), CancellationToken.None));

    [Fact]
    public async Task Write_Nulls_AreLeftOutAndKindsAreWords()
    {
        var stream = new MemoryStream();
        await Frames.WriteAsync<WorkerEvent>(stream, new FailedEvent("a", 1, FailureKind.OutOfMemory, "m"), CancellationToken.None);
        Assert.Equal("""{"event":"failed","assignment":"a","fence":1,"kind":"outOfMemory","message":"m"}""", Encoding.UTF8.GetString(stream.ToArray()[4..]));
    }

    [Fact]
    public async Task Read_DiscriminatorInTheMiddle_IsFound()
    {
        var read = await Frames.ReadAsync<WorkerEvent>(Frame("""{"assignment":"a","event":"started","fence":3}"""), CancellationToken.None);
        Assert.Equal(new StartedEvent("a", 3), read);
    }

    [Fact]
    public async Task Read_ClosedStream_IsNull() => Assert.Null(await Frames.ReadAsync<WorkerEvent>(new MemoryStream(), CancellationToken.None));

    [Fact]
    public async Task Read_SeveralFrames_ComeInOrder()
    {
        var stream = new MemoryStream();
        for (var i = 0; i < 3; i++) await Frames.WriteAsync<WorkerEvent>(stream, new StartedEvent("a", i), CancellationToken.None);
        stream.Position = 0;
        for (var i = 0; i < 3; i++) Assert.Equal(new StartedEvent("a", i), await Frames.ReadAsync<WorkerEvent>(stream, CancellationToken.None));
        Assert.Null(await Frames.ReadAsync<WorkerEvent>(stream, CancellationToken.None));
    }

    [Theory]
    [InlineData(1, "header")]
    [InlineData(3, "header")]
    [InlineData(4, "0 of")]
    [InlineData(9, "5 of")]
    public async Task Read_CutFrame_SaysHowFarItCame(int kept, string says)
    {
        var whole = Frame("""{"event":"started","assignment":"a","fence":3}""").ToArray();
        var e = await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerEvent>(new MemoryStream(whole[..kept]), CancellationToken.None));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frames.MaxBytes + 1)]
    public async Task Read_LengthOutsideTheLimits_IsRefusedBeforeMemoryIsTaken(int length)
    {
        var header = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        var e = await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerEvent>(new MemoryStream(header), CancellationToken.None));
        // Not the message of a frame that is cut off, which would come after the memory was taken.
        Assert.Equal($"a frame of {length} bytes is not between 2 and {Frames.MaxBytes}", e.Message);
    }

    [Fact]
    public async Task Read_LargestLength_IsReadAsFarAsItComes()
    {
        var header = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(header, Frames.MaxBytes);
        var e = await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerEvent>(new MemoryStream(header), CancellationToken.None));
        Assert.Contains($"0 of {Frames.MaxBytes}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_LargerThanTheLimit_IsRefusedAndWritesNothing()
    {
        var stream = new MemoryStream();
        var large = new ProgressEvent("a", 1, null, "p", 0, 0, Note: new string('x', Frames.MaxBytes));
        await Assert.ThrowsAsync<ProtocolException>(() => Frames.WriteAsync<WorkerEvent>(stream, large, CancellationToken.None));
        Assert.Equal(0, stream.Length);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("""{"event":"unheard-of"}""")]
    [InlineData("""{"event":"started","assignment":"a","fence":"three"}""")]
    [InlineData("""{"event":"started","assignment":"a"}""")]
    [InlineData("""{"event":"started","fence":3}""")]
    [InlineData("""{"event":"started" """)]
    [InlineData("""{"command":"stop"}""")]
    [InlineData("""{"event":"tokens","assignment":"a","fence":3,"requests":[null]}""")]
    [InlineData("""{"event":"tokens","assignment":"a","fence":3,"requests":[{"request":"r","sequence":0,"ids":[1],"text":"t"},null]}""")]
    public async Task Read_WrongJson_IsAProtocolException(string json)
    {
        var e = await Assert.ThrowsAsync<ProtocolException>(() => Frames.ReadAsync<WorkerEvent>(Frame(json), CancellationToken.None));
        Assert.Contains(nameof(WorkerEvent), e.Message, StringComparison.Ordinal);
    }

    /// <summary>The same messages without their null are read.</summary>
    [Fact]
    public async Task Read_ListThatIsEmpty_IsAMessage()
        => Assert.Empty(Assert.IsType<TokensEvent>(await Frames.ReadAsync<WorkerEvent>(Frame("""{"event":"tokens","assignment":"a","fence":3,"requests":[]}"""), CancellationToken.None)).Requests);

    private static async Task RoundTripAsync<T>(T message) where T : class
    {
        var stream = new MemoryStream();
        await Frames.WriteAsync(stream, message, CancellationToken.None);
        stream.Position = 0;
        var back = await Frames.ReadAsync<T>(stream, CancellationToken.None);
        Assert.IsType(message.GetType(), back);
        // Lists and JSON have no equality of their own: the text of both must agree, and hold what the message holds.
        Assert.Equal(JsonSerializer.Serialize(message, Frames.Json), JsonSerializer.Serialize(back, Frames.Json));
        foreach (var property in message.GetType().GetProperties())
            if (property.PropertyType.IsValueType && property.PropertyType != typeof(JsonElement) || property.PropertyType == typeof(string))
                Assert.Equal(property.GetValue(message), property.GetValue(back));
    }

    private static MemoryStream Frame(string json)
    {
        var body = Encoding.UTF8.GetBytes(json);
        var header = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(header, body.Length);
        return new MemoryStream([.. header, .. body]);
    }
}
