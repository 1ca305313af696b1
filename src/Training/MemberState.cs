using AlpacaCot.Data;
using AlpacaCot.Specs.Randomness;
using AlpacaCot.Training.Optimisers;

namespace AlpacaCot.Training;

/// <summary>A member on its way: its place in the bank, its optimiser and how far it is.</summary>
internal sealed class MemberState(TrainingMember member, int index)
{
    // Separate streams of the member's seed.
    private const ulong OrderStream = 1, DropoutStream = 2;

    private readonly RowOrder _order = member.Order ?? RowOrder.Shuffled(SplitMix64.Key(member.Seed, OrderStream));
    private (int Epoch, IReadOnlyList<int> Rows)? _epoch;

    public TrainingMember Member { get; } = member;

    public int Index { get; } = index;

    public StepPlan Plan { get; } = new(member.Examples.Count, member.Settings);

    public Optimiser Optimiser { get; } = Optimiser.Create(member.DecaysAll ? [.. member.Adapter.Parameters.Select(parameter => parameter with { Decays = true })] : member.Adapter.Parameters, member.Settings);

    public int Step { get; set; }

    public bool Removed { get; set; }

    public List<double> Losses { get; } = [];

    public List<Evaluation> Evaluations { get; } = [];

    public bool IsDone => Step >= Plan.TotalSteps;

    public bool IsActive => !Removed && !IsDone;

    /// <summary>Whether the last step that was made ended an epoch, or the training.</summary>
    public bool EndsEpoch => Step % Plan.StepsPerEpoch == 0 || IsDone;

    public double LearningRate => Optimiser.RateOf(Schedules.LearningRate(Member.Settings, Step, Plan.WarmupSteps, Plan.TotalSteps));

    /// <summary>The rows of the coming step.</summary>
    public MemberStep NextStep()
    {
        var (epoch, start, count) = Plan.At(Step);
        if (_epoch?.Epoch != epoch) _epoch = (epoch, _order.Of(epoch, Member.Examples.Count));
        var rows = new PackRow[count];
        for (var i = 0; i < count; i++)
        {
            var example = Member.Examples[_epoch.Value.Rows[start + i]];
            rows[i] = new PackRow(Index, example, Member.Adapter.HasDropout ? TokenKeys.Of(example, SplitMix64.Key(Member.Seed, DropoutStream, (ulong)Step), (ulong)i) : default);
        }
        return new MemberStep(this, rows);
    }

    /// <summary>The held-out rows.</summary>
    public MemberStep Held() => new(this, [.. Member.Validation.Select(example => new PackRow(Index, example, default))]);
}

/// <summary>The rows that one member takes in one step, and what came of them.</summary>
internal sealed class MemberStep(MemberState state, PackRow[] rows)
{
    public MemberState State { get; } = state;

    public PackRow[] Rows { get; } = rows;

    /// <summary>Supervised positions of all rows together: what the loss is a mean over.</summary>
    public int Supervised { get; } = rows.Sum(row => row.Example.Labels.Skip(1).Count(label => label != Example.Ignored));

    public int Tokens { get; } = rows.Sum(row => row.Example.Ids.Length);

    /// <summary>Most rows of one forward pass, where the settings cut a step into parts.</summary>
    public int RowsPerPart { get; } = state.Member.Settings is { GradientAccumulation: { } parts, BatchSize: var rowsPerStep } ? Math.Max(1, (rowsPerStep + parts - 1) / parts) : int.MaxValue;

    public double Loss { get; set; }

    public double GradNorm { get; set; }

    public double LearningRate { get; set; }

    public double? EvalLoss { get; set; }

    public TrainingProgress Report(double seconds)
        => new(State.Member.Name, State.Step, State.Plan.TotalSteps, Loss, GradNorm, LearningRate, Tokens / Math.Max(seconds, 1e-9), EvalLoss);
}

/// <summary>A row of a packed batch: whose it is, and the keys of its tokens' dropout masks, where it has any.</summary>
internal readonly record struct PackRow(int Member, Example Example, ReadOnlyMemory<ulong> Keys)
{
    /// <summary>Those of some of its tokens.</summary>
    public ReadOnlyMemory<ulong> KeysOf(Range tokens) => Keys.IsEmpty ? default : Keys[tokens];
}
