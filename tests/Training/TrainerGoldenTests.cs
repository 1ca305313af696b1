using System.Globalization;
using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

[Trait("Category", "Golden")]
public sealed class TrainerGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("training_run");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_WholeTraining_EveryStepEvaluationAndTheEnd(string folder)
    {
        var golden = Golden.Open(folder);
        var s = golden.Json.GetProperty("settings");
        var schedule = s.GetProperty("schedule").GetString()!;
        PinnedCases.Trainings.SkipUnless(Schedules.Known.Contains(schedule), folder, $"schedule {schedule} is not supported");
        PinnedCases.Trainings.SkipUnless(s.GetProperty("optimiser").GetString()!.StartsWith("AdamW", StringComparison.Ordinal), folder, "the optimiser is not AdamW");
        // AdamW betas B1 B2 eps E
        var words = s.GetProperty("optimiser").GetString()!.Split(' ');
        double Behind(string word, int places) => double.Parse(words[Array.IndexOf(words, word) + places], CultureInfo.InvariantCulture);
        using var decoder = GoldenTraining.Base(golden, PinnedCases.Trainings);
        using var adapter = Directory.Exists(golden.File("start")) ? GoldenTraining.Adapter(decoder, golden.File("start"), golden, PinnedCases.Trainings) : new BaseParameters(decoder);
        var settings = new TrainingSpec
        {
            BatchSize = s.GetProperty("batch").GetInt32() * s.GetProperty("accumulate").GetInt32(),
            GradientAccumulation = s.GetProperty("accumulate").GetInt32(),
            Epochs = s.GetProperty("epochs").GetDouble(),
            LearningRate = s.GetProperty("lr").GetDouble(),
            Schedule = schedule,
            WeightDecay = s.GetProperty("decay").GetDouble(),
            Clip = s.GetProperty("clip").GetDouble(),
            WarmupSteps = s.GetProperty("warmup_steps").GetInt32(),
            AdamBeta1 = Behind("betas", 1), AdamBeta2 = Behind("betas", 2), AdamEpsilon = Behind("eps", 1),
        };
        var order = JsonSerializer.Deserialize<int[][]>(File.ReadAllText(golden.File("order.json")))!;
        var member = new TrainingMember(folder, adapter, GoldenTraining.Rows(golden.File("rows.jsonl")), settings, 0)
        {
            Order = RowOrder.Given(order),
            Validation = GoldenTraining.Rows(golden.File("held.jsonl")),
        };

        var progress = new List<TrainingProgress>();
        using var trainer = new CoTrainer(decoder, [member]);
        var result = trainer.Run(progress.Add).Single();

        var steps = golden.Json.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(steps.Count, progress.Count);
        foreach (var (want, have) in steps.Zip(progress))
        {
            Assert.Equal(want.GetProperty("step").GetInt32(), have.Step);
            Assert.Equal(want.GetProperty("loss").GetDouble(), have.Loss, golden.Tolerance("loss_abs", 1e-4));
            var norm = want.GetProperty("grad_norm").GetDouble();
            Assert.Equal(norm, have.GradNorm, golden.Tolerance("grad_norm_rel", 1e-3) * norm);
            var rate = want.GetProperty("learning_rate").GetDouble();
            Assert.Equal(rate, have.LearningRate, golden.Tolerance("learning_rate_rel", 1e-9) * rate);
        }
        var evaluations = golden.Json.GetProperty("evaluations").EnumerateArray().ToList();
        Assert.Equal(evaluations.Select(e => e.GetProperty("step").GetInt32()), result.Evaluations.Select(e => e.Step));
        foreach (var (want, have) in evaluations.Zip(result.Evaluations))
            Assert.Equal(want.GetProperty("eval_loss").GetDouble(), have.Loss, golden.Tolerance("eval_loss_abs", 1e-4));

        using var end = SafeTensors.Open(golden.File(adapter is BaseParameters ? "end/model.safetensors" : "end/adapter_model.safetensors"));
        foreach (var parameter in adapter.Parameters)
        {
            using var stored = end[parameter.Key].Copy();
            GoldenTensors.AssertClose(stored, parameter.Value, golden.Tolerance("end_rel", 5e-3), parameter.Key);
        }
    }
}
