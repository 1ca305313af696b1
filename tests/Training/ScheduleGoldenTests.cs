using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Training.Tests;

[Trait("Category", "Golden")]
public sealed class ScheduleGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("schedule");

    [Fact]
    public void Schedules_ThatASpecMayName_AreThoseThatAreBuilt()
        => Assert.Equal(TrainingSpec.Schedules.Keys.Order(StringComparer.Ordinal), Schedules.Known.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void LearningRate_EveryKnownSchedule_GoldenValues(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("schedules", out var schedules), "the case has no schedules");
        var (warmup, total) = (golden.Json.GetProperty("num_warmup_steps").GetInt32(), golden.Json.GetProperty("num_training_steps").GetInt32());
        var unknown = new List<string>();
        foreach (var schedule in schedules.EnumerateObject())
        {
            var settings = new TrainingSpec
            {
                LearningRate = golden.Json.GetProperty("learning_rate").GetDouble(),
                Schedule = schedule.Value.GetProperty("kind").GetString()!,
            };
            if (!Schedules.Known.Contains(settings.Schedule))
            {
                unknown.Add(settings.Schedule);
                continue;
            }
            settings = settings with { ScheduleArguments = schedule.Value.GetProperty("arguments").EnumerateObject().ToDictionary(a => a.Name, a => a.Value.ValueKind == JsonValueKind.String ? Place(a.Value.GetString()!) : a.Value.GetDouble()) };
            Assert.Empty(settings.Faults());
            var want = schedule.Value.GetProperty("lr").EnumerateArray().Select(x => x.GetDouble()).ToArray();
            for (var step = 0; step < want.Length; step++)
                AssertRelative(want[step], Schedules.LearningRate(settings, step, warmup, total), golden.Tolerance("rel", 1e-9), $"{schedule.Name} at step {step}");
        }
        PinnedCases.Schedules.SkipUnless(unknown.Count == 0, folder, $"schedules not known: {string.Join(", ", unknown)}");
    }

    /// <summary>A decay of no steps has happened when it would begin.</summary>
    [Theory]
    [InlineData(4, 0.82)]
    [InlineData(24, 1)]
    [InlineData(25, 0.1)]
    [InlineData(40, 0.1)]
    public void LearningRate_DecayOfNoSteps_IsTheLastRateAtOnce(int step, double share)
    {
        var settings = new TrainingSpec { LearningRate = 1e-3, Schedule = "warmup_stable_decay", ScheduleArguments = new Dictionary<string, double> { ["num_stable_steps"] = 20, ["num_decay_steps"] = 0, ["min_lr_ratio"] = 0.1 } };
        Assert.Equal(share, Schedules.LearningRate(settings, step, 5, 50) / 1e-3, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void StepPlan_RowsBatchesEpochs_GoldenSteps(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("warmup", out var warmups), "the case has no step counts");
        foreach (var warmup in warmups.EnumerateArray())
        {
            var settings = new TrainingSpec { MaxSteps = warmup.GetProperty("num_training_steps").GetInt32() };
            settings = warmup.TryGetProperty("warmup_ratio", out var ratio)
                ? settings with { WarmupRatio = ratio.GetDouble() }
                : settings with { WarmupSteps = warmup.GetProperty("warmup_steps_given").GetInt32() };
            Assert.Equal(warmup.GetProperty("warmup_steps").GetInt32(), new StepPlan(10, settings).WarmupSteps);
        }
        foreach (var steps in golden.Json.GetProperty("steps").EnumerateArray())
        {
            var plan = new StepPlan(steps.GetProperty("rows").GetInt32(), new TrainingSpec
            {
                // The other library's batch is one of several of a step; here it is the step's.
                BatchSize = steps.GetProperty("batch_size").GetInt32() * steps.GetProperty("gradient_accumulation_steps").GetInt32(),
                Epochs = steps.GetProperty("num_train_epochs").GetDouble(),
            });
            Assert.Equal(steps.GetProperty("update_steps_per_epoch").GetInt32(), plan.StepsPerEpoch);
            Assert.Equal(steps.GetProperty("max_steps").GetInt32(), plan.TotalSteps);
        }
    }

    [Fact]
    public void At_LastStepOfAnEpoch_TakesTheRestOfTheRows()
    {
        var plan = new StepPlan(7, new TrainingSpec { BatchSize = 4, Epochs = 2 });
        Assert.Equal(4, plan.TotalSteps);
        Assert.Equal((0, 0, 4), plan.At(0));
        Assert.Equal((0, 4, 3), plan.At(1));
        Assert.Equal((1, 0, 4), plan.At(2));
    }

    private static double Place(string shape) => ScheduleCatalogue.Shapes.ToList().IndexOf(shape);

    private static void AssertRelative(double want, double have, double tolerance, string what)
        => Assert.True(Math.Abs(want - have) <= tolerance * Math.Abs(want) + 1e-18, $"{what}: {have:R}, expected {want:R}");
}
