using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Training.Checkpoints;
using AlpacaCot.Training.Optimisers;

namespace AlpacaCot.Training;

/// <summary>
/// Trains one or several members on one frozen base. Every step takes each member's next rows, packs them into flat rows of tokens,
/// runs them through the base together, and updates each member by its own optimiser. Members keep their own data order, batch size,
/// schedule, clipping and random numbers, so each comes out as if it were alone, up to rounding.
/// </summary>
public sealed class CoTrainer : IDisposable
{
    // With more a product is no faster, and what several members compute outside the base takes its turns over more memory.
    private const int TokensPerThread = 256;

    private readonly Decoder _decoder;
    private readonly CoTrainerOptions _options;
    private readonly AdapterBank _bank;
    private readonly List<MemberState> _members = [];
    private readonly CheckpointStore? _checkpoints;

    /// <summary>Prepares a training, and resumes it where the checkpoint folder holds a good checkpoint of the same settings.</summary>
    /// <param name="decoder">The base model.</param>
    /// <param name="members">The members; names must differ.</param>
    /// <param name="options">Budgets and checkpoints.</param>
    /// <exception cref="TrainingException">A setting is wrong (all faults are named), a member has no rows, or the checkpoints belong to other settings.</exception>
    public CoTrainer(Decoder decoder, IReadOnlyList<TrainingMember> members, CoTrainerOptions? options = null)
    {
        _decoder = decoder;
        _options = options ?? new CoTrainerOptions();
        if (_options.Threads is { } threads) Threads.Count = threads;
        if (decoder.Device.type == DeviceType.CPU) _options = _options with { TokensThatFill = _options.TokensThatFill ?? TokensPerThread * Threads.Count };
        _bank = new AdapterBank(decoder);
        MemberChecks.Require(members, decoder);
        foreach (var member in members) _members.Add(new MemberState(member, _bank.Add(member.Adapter)));
        if (_options.Checkpoints is not { } policy) return;
        _checkpoints = new CheckpointStore(policy, [.. members.Select(member => SettingsHash.Of(member, _options.BaseContent))], _options.Time);
        Step = _checkpoints.Restore(_members);
    }

    /// <summary>Steps of the pack that are done; above 0 at the start where a checkpoint was resumed.</summary>
    public int Step { get; private set; }

    /// <summary>What was wrong with checkpoints that were passed over, one line each.</summary>
    public IReadOnlyList<string> Warnings => _checkpoints?.Warnings ?? [];

    /// <summary>Trains until every member is done.</summary>
    /// <param name="progress">Called for every member after each step.</param>
    /// <param name="cancellation">Looked at between steps; a last checkpoint is written before it takes effect.</param>
    /// <returns>How each member ended, in their order.</returns>
    /// <exception cref="NonFiniteException">A loss or gradient is not finite; no member was updated in that step.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<MemberResult> Run(Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var done in _members.FindAll(member => member.IsDone)) Finish(done); // resumed: its output may be wanted elsewhere now
        while (_members.FindAll(member => member.IsActive) is { Count: > 0 } active)
        {
            if (cancellation.IsCancellationRequested) _checkpoints?.Save(_members, Step);
            cancellation.ThrowIfCancellationRequested();
            var started = _options.Time.GetTimestamp();

            var steps = active.ConvertAll(member => member.NextStep());
            foreach (var step in steps) step.State.Optimiser.ZeroGrad();
            // Members of one method change the same projections: beside each other they leave the others' rows alone.
            var alike = steps.OrderBy(step => step.State.Member.Adapter.Config.PeftType, StringComparer.Ordinal);
            foreach (var batch in PackedBatch.Cut(alike, _options, _decoder.Config)) ForwardBackward(batch);
            foreach (var step in steps) AddPenalty(step);
            foreach (var step in steps) RequireFinite(step);

            foreach (var step in steps)
            {
                var (state, settings) = (step.State, step.State.Member.Settings);
                var scale = settings.Clip > 0 ? GradientClipping.Coefficient(step.GradNorm, settings.Clip) : 1;
                state.Optimiser.Step(step.LearningRate = state.LearningRate, scale);
                state.Member.Adapter.AfterStep(state.Step, scale);
                state.Member.Adapter.ValuesChanged();
                state.Losses.Add(step.Loss);
                state.Step++;
            }
            var seconds = _options.Time.GetElapsedTime(started).TotalSeconds;

            foreach (var step in steps)
            {
                if (step.State.EndsEpoch) step.EvalLoss = Evaluate(step.State);
                progress?.Invoke(step.Report(seconds));
                if (step.State.IsDone) Finish(step.State);
            }

            Step++;
            _checkpoints?.SaveIfDue(_members, Step);
        }
        return [.. _members.Select(m => new MemberResult(m.Member.Name, m.Step, m.Losses, m.Evaluations, m.Removed))];
    }

    /// <summary>Takes a member out (a search pruned it); the others go on as if it had never been there. May be called from the progress callback.</summary>
    /// <exception cref="TrainingException">No such member is in training.</exception>
    public void Remove(string name)
    {
        var state = _members.Find(member => member.Member.Name == name && !member.Removed) ?? throw new TrainingException($"no member '{name}' is in training");
        state.Removed = true;
    }

    /// <summary>Writes a checkpoint now.</summary>
    /// <exception cref="TrainingException">No checkpoint folder is set, or it cannot be written.</exception>
    public void SaveCheckpoint() => (_checkpoints ?? throw new TrainingException("no checkpoint folder is set")).Save(_members, Step);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var member in _members) member.Optimiser.Dispose();
    }

    // Adds the batch's gradients to its members' parameters and its losses to their steps.
    private void ForwardBackward(PackedBatch batch)
    {
        if (batch.Positions.Length == 0) return;
        using var scope = torch.NewDisposeScope();
        using var training = _bank.Train();
        var rows = Hidden(batch);
        var (gradient, count) = SupervisedLoss.Backward(_decoder, _bank, rows, batch, _options.LogitBudget);
        if (rows.requires_grad) Autograd.Backward(rows, gradient);
        count();
    }

    // Once per optimiser step, however many batches it has; held-out losses go without it.
    private static void AddPenalty(MemberStep step)
    {
        using var scope = torch.NewDisposeScope();
        if (step.State.Member.Adapter.Penalty() is not { } penalty) return;
        Autograd.Backward(penalty);
        step.Loss += penalty.item<float>();
    }

    private double? Evaluate(MemberState state)
    {
        if (state.Member.Validation.Count == 0 || !state.Member.EvaluateEachEpoch) return null;
        using var frozen = torch.no_grad();
        var held = state.Held();
        foreach (var batch in PackedBatch.Cut([held], _options, _decoder.Config))
        {
            if (batch.Positions.Length == 0) continue;
            using var scope = torch.NewDisposeScope();
            SupervisedLoss.Forward(_decoder, _bank, Hidden(batch), batch, _options.LogitBudget);
        }
        state.Evaluations.Add(new Evaluation(state.Step, held.Loss));
        return held.Loss;
    }

    // The hidden states of the supervised positions.
    private Tensor Hidden(PackedBatch batch)
    {
        var ids = torch.tensor(batch.Ids).On(_decoder.Device);
        if (!_options.WholeRows) return _decoder.Hidden(ids, batch.Layout, _bank, rows: batch.Positions);
        return Functional.SelectRows(_decoder.Hidden(ids, batch.Layout, _bank), batch.Positions);
    }

    private static void RequireFinite(MemberStep step)
    {
        var (state, name) = (step.State, step.State.Member.Name);
        if (!double.IsFinite(step.Loss)) throw new NonFiniteException(name, state.Step + 1, "the loss");
        step.GradNorm = state.Optimiser.GradNorm();
        if (!double.IsFinite(step.GradNorm)) throw new NonFiniteException(name, state.Step + 1, $"the gradient of {state.Optimiser.FirstNonFinite()}");
    }

    private static void Finish(MemberState state)
    {
        if (state.Member.Output is { } folder) AdapterDirectory.Save(state.Member.Adapter, folder);
    }
}
