using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Training.Tests;

/// <summary>Every method that can share a base: all of them in one pack, each as if it were alone.</summary>
public sealed class UnlikeMethodsTests : IDisposable
{
    private const int Steps = 10;
    private readonly Decoder _decoder = TinyTraining.Decoder();
    private readonly TemporaryFolder _folder = new();

    // What a method must be given, and sizes that suit a small model.
    private static readonly Dictionary<string, JsonNode> Small = new(StringComparer.Ordinal)
    {
        ["r"] = 4, ["init_r"] = 4, ["target_r"] = 2, ["total_step"] = 0, ["tinit"] = 1, ["tfinal"] = 2, ["num_virtual_tokens"] = 3, ["encoder_hidden_size"] = 8, ["bottleneck_size"] = 4, ["oft_block_size"] = 8,
        ["prompt_tuning_init"] = "SAMPLE_VOCAB",
    };

    [Fact]
    public void Run_EveryMethodInOnePack_TenStepsAsAlone()
    {
        var together = Members();
        Assert.True(together.Count >= 9, $"only {together.Count} methods share a base");
        var results = Train(new CoTrainerOptions { TokenBudget = 90 }, together);
        foreach (var (member, result) in together.Zip(results))
        {
            var alone = Members().Single(other => other.Name == member.Name);
            var losses = Train(new CoTrainerOptions(), [alone])[0].Losses;
            Assert.Equal(Steps, losses.Count);
            var worst = losses.Zip(result.Losses, (a, b) => Math.Abs(a - b)).Max();
            TestContext.Current.SendDiagnosticMessage(FormattableString.Invariant($"{member.Name} {worst:E1}"));
            Assert.True(worst <= 1e-5, $"{member.Name}: losses in the pack differ by {worst:E1} from those alone");
            Assert.True(Math.Abs(losses[0] - losses[^1]) > 1e-4, $"{member.Name} does not learn");
        }
    }

    [Fact]
    public void Run_EveryMethodResumed_BitsOfAnUndisturbedRun()
    {
        var undisturbed = Members();
        var losses = Train(new CoTrainerOptions(), undisturbed).Select(result => result.Losses).ToList();
        var policy = new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 3) };
        using (var first = new CoTrainer(_decoder, Members(), policy))
            Assert.Throws<InvalidOperationException>(() => first.Run(p => { if (p.Step == 8) throw new InvalidOperationException(); }));
        var resumed = Members();
        using var second = new CoTrainer(_decoder, resumed, policy);
        Assert.Equal(6, second.Step);
        foreach (var (before, after) in losses.Zip(second.Run())) Assert.True(before.SequenceEqual(after.Losses), $"{after.Member}: {string.Join(' ', before)} became {string.Join(' ', after.Losses)}");
        foreach (var (a, b) in undisturbed.Zip(resumed))
        {
            Assert.Equal(TinyTraining.Values(a.Adapter), TinyTraining.Values(b.Adapter));
            Assert.Equal(a.Adapter.Config.ToJson(), b.Adapter.Config.ToJson());
        }
    }

    [Fact]
    public void Save_EveryTrainedMethod_LoadsAndComputesTheSame()
    {
        var members = Members();
        Train(new CoTrainerOptions(), members);
        foreach (var member in members)
        {
            AdapterDirectory.Save(member.Adapter, _folder[member.Name]);
            using var loaded = AdapterDirectory.Load(_decoder, _folder[member.Name]);
            Assert.Equal(Logits(member.Adapter), Logits(loaded), (a, b) => Math.Abs(a - b) < 1e-4);
            Assert.True(Logits(null).Zip(Logits(loaded), (a, b) => Math.Abs(a - b)).Max() > 1e-4, $"{member.Name} changes nothing");
        }
    }

    private float[] Logits(Adapter? adapter)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var bank = new AdapterBank(_decoder);
        var layout = SegmentLayout.Single(5, adapter is null ? -1 : bank.Add(adapter));
        return _decoder.Logits(_decoder.Hidden(torch.tensor([5L, 9, 11, 4, 30]), layout, bank), layout, bank).ToArray<float>();
    }

    private List<TrainingMember> Members() => Members(_decoder, Steps);

    /// <summary>A member of every method, each with rows, batch size, schedule and clipping of its own.</summary>
    internal static List<TrainingMember> Members(Decoder decoder, int steps) =>
    [
        .. MethodCatalogue.All.Where(method => !method.TrainsBase).Select((method, i) =>
        {
            var options = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var option in method.Options)
                if (Small.TryGetValue(option.Name, out var value) && !(option.Name == "r" && method.Option("oft_block_size") is not null)) options[option.Name] = JsonSerializer.SerializeToElement(option.Name == "total_step" ? steps : value);
            var config = AdapterConfig.Read(MethodCatalogue.AdapterConfig(new MethodSpec { Name = method.Name, Method = method.Name, Options = options }).ToJsonString(), method.Name);
            using var generator = new Generator((ulong)i + 1);
            return new TrainingMember(method.Name, AdapterFactory.Create(decoder, config, generator), TinyTraining.Rows(11 + i, 3 + i), new TrainingSpec
            {
                LearningRate = 1e-2, BatchSize = 2 + i % 3, MaxSteps = steps, Schedule = i % 2 == 0 ? "cosine" : "constant", WeightDecay = 0.01, Clip = i % 3 == 0 ? 0 : 1,
            }, (ulong)i + 20);
        }),
    ];

    private IReadOnlyList<MemberResult> Train(CoTrainerOptions options, List<TrainingMember> members)
    {
        using var trainer = new CoTrainer(_decoder, members, options);
        return trainer.Run();
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }
}
