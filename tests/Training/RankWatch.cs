using AlpacaCot.Adapters;
using AlpacaCot.Adapters.AdaLora;
using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Kernels;

namespace AlpacaCot.Training.Tests;

/// <summary>Compares the ranks that AdaLoRA allocates with the reference's after every step; watches nothing of other methods.</summary>
internal sealed class RankWatch(GoldenCase golden, GoldenTensors expected, Adapter adapter)
{
    // Biases and whole modules of a member's own stand around its method.
    private readonly Adapter _method = adapter is WithOwnWeights own ? own.Method : adapter;

    /// <summary>To be called after each step.</summary>
    public void Check(TrainingProgress progress)
    {
        if (_method is not AdaLoraAdapter { Allocator: { } allocator }) return;
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var (step, tolerance) = (progress.Step - 1, golden.Tolerance("score_rel", 1e-2));
        var (budget, _) = allocator.BudgetAt(step);
        Assert.Equal(golden.Json.GetProperty("budgets")[step].GetInt32(), budget);
        var kept = allocator.Kept;
        var scores = allocator.Scores();
        for (var i = 0; i < _method.Targets.Count; i++)
        {
            var path = _method.Targets[i].Path;
            if (kept is not null) Assert.Equal(expected[$"step.{step}.kept.{path}"].ToArray<bool>(), kept[i]);
            Assert.Equal(golden.Json.GetProperty("ranks")[step].GetProperty(path).GetInt32(), kept is null ? allocator.FirstRank : kept[i].Count(keeps => keeps));
            if (expected.Has($"step.{step}.score.{path}")) expected.AssertClose($"step.{step}.score.{path}", scores[i], tolerance);
            var (want, have) = (expected[$"step.{step}.E.{path}"].ToArray<float>(), _method.Parameters[3 * i + 2].Value.ToArray<float>());
            Assert.True(want.Zip(have, (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance("step10_abs", 1e-4), $"E of {path} after step {step}");
        }
        var threshold = golden.Json.GetProperty("thresholds")[step];
        if (threshold.ValueKind == System.Text.Json.JsonValueKind.Number) Assert.InRange(allocator.Threshold!.Value / threshold.GetDouble(), 1 - tolerance, 1 + tolerance);
        else Assert.Null(allocator.Threshold);
    }
}
