using System.Reflection;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using Orleans.CodeGeneration;
using Orleans.Serialization;

namespace AlpacaCot.Tests.Grains;

/// <summary>What crosses calls: one member that cannot be encoded breaks the other calls of its interface too.</summary>
public sealed class ContractTests
{
    private static readonly Assembly[] _rooms = [typeof(ISweepGrain).Assembly, typeof(PlatformGrains).Assembly];

    private static IEnumerable<Type> Interfaces => _rooms.SelectMany(room => room.GetTypes()).Where(type => type.IsInterface && type.IsAssignableTo(typeof(IAddressable)) && type.Namespace!.StartsWith("AlpacaCot.", StringComparison.Ordinal));

    private static IEnumerable<Type> Records
    {
        get
        {
            var found = new HashSet<Type>();
            foreach (var method in Interfaces.SelectMany(type => type.GetMethods()))
            {
                Walk(method.ReturnType, found);
                foreach (var parameter in method.GetParameters()) Walk(parameter.ParameterType, found);
            }
            return found;
        }
    }

    private static void Walk(Type type, HashSet<Type> found)
    {
        if (type.IsArray)
        {
            Walk(type.GetElementType()!, found);
            return;
        }
        foreach (var argument in type.GetGenericArguments()) Walk(argument, found);
        // What other rooms declare crosses as it is: see the tests below.
        if (!type.Assembly.GetName().Name!.StartsWith("AlpacaCot.", StringComparison.Ordinal) || PlatformVocabulary.Holds(type) || !found.Add(type)) return;
        foreach (var property in Stored(type)) Walk(property.PropertyType, found);
    }

    private static IEnumerable<PropertyInfo> Stored(Type type) => type.GetProperties().Where(property => property.SetMethod is not null);

    [Fact]
    public void Interfaces_HaveVersionAndAliases()
    {
        Assert.Equal(8, Interfaces.Count());
        foreach (var type in Interfaces)
        {
            Assert.True(type.GetCustomAttribute<VersionAttribute>() is not null, $"{type.Name} has no version");
            Assert.True(type.GetCustomAttribute<AliasAttribute>()?.Alias == $"alpaca.{type.Name}", $"{type.Name} has no alias of its name");
            foreach (var method in type.GetMethods()) Assert.True(method.GetCustomAttribute<AliasAttribute>() is not null, $"{type.Name}.{method.Name} has no alias");
            Assert.Equal(type.GetMethods().Length, type.GetMethods().Select(method => method.GetCustomAttribute<AliasAttribute>()!.Alias).Distinct().Count());
        }
    }

    [Fact]
    public void Records_HaveAliasesAndIds()
    {
        Assert.Contains(typeof(StartReply), Records);
        Assert.Contains(typeof(PackStatus), Records);
        foreach (var type in Records)
        {
            Assert.True(type.GetCustomAttribute<GenerateSerializerAttribute>() is not null, $"{type.Name} has no serializer");
            Assert.True(type.GetCustomAttribute<AliasAttribute>()?.Alias is { } alias && alias[..^1] == $"alpaca.{type.Name}.v" && char.IsAsciiDigit(alias[^1]), $"{type.Name} has no alias of its name and version");
            var ids = Stored(type).Select(property => property.GetCustomAttribute<IdAttribute>()?.Id ?? throw new InvalidOperationException($"{type.Name}.{property.Name} has no id")).ToList();
            Assert.Equal(ids.Count, ids.Distinct().Count());
        }
    }

    /// <summary>A sweep, its facts, jobs and events are typed on both sides of a call, every property of them.</summary>
    [Fact]
    public async Task Vocabulary_CrossesProcessesUnchanged()
    {
        using var folder = new TemporaryFolder();
        await using var platform = await Platform.StartAsync(folder, slots: 0);
        var serializer = (Serializer)platform.Services.GetService(typeof(Serializer))!;
        T Again<T>(T sent) => serializer.Deserialize<T>(serializer.SerializeToArray(sent))!;
        var spec = SweepDocument.ParseValid("""
            name: s
            models: [{ name: m, path: m, load: nf4, when: { peft: l } }]
            peft: [{ name: l, method: lora, r: 4, learning_rate: 0.1 }]
            data: [{ name: d, sources: [{ goat: { count: 5, style: steps }, weight: 2 }, { set: cot, training_cue: "Think." }], match: rows }]
            cot: [{ name: none }, { name: cue, cue: "Step by step." }]
            training: { max_steps: 3, schedule: polynomial, schedule_arguments: { power: 2 } }
            decoding: { strategy: sample, temperature: 0.5, stop: [x], sequence_bias: { a: 1.5 } }
            evaluation: [{ suite: exact-match, limit: 3, options: { file: f.jsonl, until: [a, b] } }]
            exclude: [{ cot: cue }]
            """);
        var submitted = Again(new SubmitSweep
        {
            Name = "s", Spec = spec, BaseDirectory = "/b", Directory = "/d", Fresh = true,
            Facts = new SpecFacts { Models = [new ModelFacts { Name = "m", Parameters = 7, Projections = [new ProjectionFacts("q", 1, 2)] }], Mixes = [new MixFacts { Model = "m", Data = "d", Dropped = new Dictionary<string, long> { ["Empty"] = 3 } }] },
        });
        Assert.Equal(SweepSpecJson.Write(spec), SweepSpecJson.Write(submitted.Spec));
        Assert.Equal((7L, 3L, 2), (submitted.Facts.Models[0].Parameters, submitted.Facts.Mixes[0].Dropped["Empty"], submitted.Facts.Models[0].Projections[0].Out));
        var job = new TrainJob
        {
            Base = new BaseModel("m", "nf4"), Directory = "/d", BaseDirectory = "/b", Folders = new WorkerFolders("/m", "/s", "/c"), Resume = new CheckpointReference("/c/step-4", 4, "ab"),
            Members = [new PackMember { Name = "t", Method = spec.Peft[0], Data = spec.Data[0], Training = spec.Training, Seed = 3 }],
        };
        var given = Assert.IsType<TrainJob>(Again(new SlotAssignment("e/s", "pack-0", 5, job)).Job);
        Assert.Equal((job.Resume, "t", 4), (given.Resume, given.Members[0].Name, given.Members[0].Method.Options["r"].GetInt32()));
        WorkerEvent[] events = [new StartedEvent("pack-0", 5), new ProgressEvent("pack-0", 5, "t", "train", 3, 7, double.NaN), new FailedEvent("pack-0", 5, FailureKind.OutOfMemory, "no memory")];
        Assert.Equal(events, Again(new SlotReport("here/cpu0", "pack-0", 5, events)).Events);
        var trial = TrialSpec.Of(spec, spec.Models[0], spec.Peft[0], spec.Data[0], spec.Cot[1], 0.1, 3);
        Assert.Equal(TrialSpecJson.Trial(trial).ToJsonString(), TrialSpecJson.Trial(Again(trial)).ToJsonString());
    }

    [Fact]
    public async Task Records_CrossProcessesUnchanged()
    {
        using var folder = new TemporaryFolder();
        await using var platform = await Platform.StartAsync(folder, slots: 0);
        var status = new SweepStatus
        {
            Name = "s", State = "failed", Sequence = 7, Report = "/r", Problem = "p",
            Trials = [new TrialStatus { Name = "t", State = "failed", Fence = 3, Attempts = 2, Metrics = { ["suite/metric"] = double.NaN }, Message = "m", Training = "x" }],
            Packs = [new PackStatus("pack-0", "running", "a/cpu0", 3, 2, 1, 4, 5, 0.25, null, "m")],
        };
        var serializer = (Serializer)platform.Services.GetService(typeof(Serializer))!;
        var again = serializer.Deserialize<SweepStatus>(serializer.SerializeToArray(status));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(status, Frames.Json), System.Text.Json.JsonSerializer.Serialize(again, Frames.Json));
    }
}
