using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Planning;

/// <summary>Works out what a sweep takes from what is known of its models, data, suites and of the machine.</summary>
public sealed class RunPlanner
{
    /// <summary>A weight, its gradient and AdamW's two moments, in float32.</summary>
    private const int BytesPerTrained = 16;

    /// <summary>An adapter is stored in float32, in the sweep's folder and for other sweeps.</summary>
    private const int BytesPerStored = 4, Copies = 2;

    /// <summary>The gradient of a weight that is trained takes one product beside the two (output, gradient of the input) that a frozen one takes.</summary>
    private const double GradientShare = 0.5;

    /// <summary>Checkpoints of a pack that are there at one time: the worker keeps four.</summary>
    private const int Checkpoints = 4;

    /// <summary>What a result file holds of an item beside its texts, and of a token of text: JSON with hashes, as measured on suites of sums and of GSM8K.</summary>
    private const int BytesPerItem = 700, BytesPerToken = 5;

    private readonly SweepSpec _spec;
    private readonly Grid _grid;
    private readonly SpecFacts _facts;
    private readonly Dictionary<string, ModelFacts> _models;

    private RunPlanner(SweepSpec spec, Grid grid, SpecFacts facts)
    {
        (_spec, _grid, _facts) = (spec, grid, facts);
        _models = facts.Models.Where(model => model.Parameters > 0).DistinctBy(model => model.Name).ToDictionary(model => model.Name, StringComparer.Ordinal);
    }

    /// <summary>The plan.</summary>
    /// <param name="spec">A valid spec.</param>
    /// <param name="grid">Its grid.</param>
    /// <param name="facts">What is known; what is not is left out of the plan.</param>
    /// <param name="limits">What packs keep to.</param>
    public static RunPlan Of(SweepSpec spec, Grid grid, SpecFacts facts, PlanLimits limits) => new RunPlanner(spec, grid, facts).Plan(PackPlanner.Plan(spec, grid, limits, facts), limits.Slots);

    private RunPlan Plan(IReadOnlyList<Pack> packs, int slots)
    {
        var trainings = packs.SelectMany(Of).ToDictionary(training => training.Run.Index);
        var trials = new List<TrialPlan>();
        foreach (var trial in _grid.Trials)
        {
            var own = trial.Training is { } index ? trainings[index] : null;
            var first = own?.Run.Trials[0] == trial.Index;
            trials.Add(new TrialPlan
            {
                Trial = trial.Name, Training = own?.Run.Name, Steps = own?.Steps ?? 0, Tokens = own?.Tokens ?? 0, TrainingSeconds = own?.Seconds, EvaluationSeconds = EvaluationSeconds(trial.Model),
                MemoryBytes = own is not null ? own.Memory : MemoryOf(trial.Model, 0, 0, 0), DiskBytes = ResultBytes(trial.Model) + (first ? own!.Stored * BytesPerStored * Copies : 0),
            });
        }
        var all = trainings.Values;
        return new RunPlan(
            trials, all.Sum(t => t.Steps), all.Sum(t => t.Tokens), Sum(all.Select(t => t.Seconds)), Sum(trials.Select(t => t.EvaluationSeconds)),
            trials.Count == 0 || trials.Any(t => t.MemoryBytes is null) ? null : trials.Max(t => t.MemoryBytes), trials.Sum(t => t.DiskBytes),
            packs.Select(pack => pack.Trainings.Sum(t => trainings[t].Trained) * (BytesPerTrained - BytesPerStored) * Checkpoints).DefaultIfEmpty().Max())
        {
            Slots = slots,
            WallSeconds = Wall(
                slots, packs.Select(pack => Sum(pack.Trainings.Select(training => trainings[training].Seconds))),
                trials.GroupBy(trial => trial.Training ?? trial.Trial, StringComparer.Ordinal).Select(asked => Sum(asked.Select(trial => trial.EvaluationSeconds)))),
        };
    }

    /// <summary>Seconds until the last slot is done: each takes the longest that is left, packs before what is asked. Slots that have nothing to do wait.</summary>
    private static double? Wall(int slots, IEnumerable<double?> packs, IEnumerable<double?> asked)
    {
        var busy = new double[slots];
        foreach (var work in (IEnumerable<double?>[])[packs, asked])
            foreach (var seconds in work.OrderByDescending(seconds => seconds ?? double.PositiveInfinity))
            {
                if (seconds is not { } known) return null;
                busy[Array.IndexOf(busy, busy.Min())] += known;
            }
        return busy.Max();
    }

    private sealed record PlannedTraining(TrainingRun Run, long Steps, long Tokens, double? Seconds, long? Memory, long Trained, long Stored);

    /// <summary>A pack's trainings. Their tokens pass through the base together, so that a pass costs its blocks once; each has the part of the time that its tokens have.</summary>
    private IEnumerable<PlannedTraining> Of(Pack pack)
    {
        var members = pack.Trainings.Select(index => _grid.Trainings[index]).Select(run => (Run: run, Mix: MixOf(run))).ToList();
        var steps = members.Select(member => (long)_spec.Training.TotalSteps((int)Math.Clamp(member.Mix?.Examples ?? 1, 1, int.MaxValue))).ToList();
        var perStep = members.Select(member => PerStep(member.Mix)).ToList();
        var supervised = members.Select((member, i) => member.Mix is { Tokens: > 0 } mix ? perStep[i] * mix.SupervisedTokens / mix.Tokens : 0).ToList();
        var methods = members.Select(member => _spec.Peft.First(peft => peft.Name == member.Run.Peft)).ToList();
        var trained = members.Select((member, i) => _models.TryGetValue(member.Run.Model, out var model) ? AdapterSize.Of(methods[i], model) : 0).ToList();
        // Virtual rows pass through the base like tokens.
        var virtualRows = methods.Sum(method => (MethodCatalogue.Find(method.Method)?.VirtualRows(method) ?? 0) * (double)_spec.Training.BatchSize);
        var pass = Math.Min(perStep.Sum() + virtualRows, pack.Kernel.MicroBatchTokens);
        var share = perStep.Sum() > 0 ? supervised.Sum() / perStep.Sum() : 0;
        var trainsBase = methods.Exists(method => MethodCatalogue.Find(method.Method) is { TrainsBase: true });
        var memory = MemoryOf(pack.Model, pass, pass * share, trained.Sum(), trainsBase);
        for (var i = 0; i < members.Count; i++)
        {
            var known = members[i].Mix is not null;
            // Members that have fewer steps leave earlier; while they are there, passes are shared.
            var seconds = known ? steps[i] * StepSeconds(pack.Model, perStep[i], supervised[i], perStep[i] / Math.Max(1, perStep.Sum()), pack.Kernel.MicroBatchTokens, perStep.Sum(), trainsBase ? trained[i] : 0) : null;
            yield return new PlannedTraining(members[i].Run, known || _spec.Training.MaxSteps is not null ? steps[i] : 0, known ? (long)(steps[i] * perStep[i]) : 0, seconds, memory, trained[i], trainsBase && _models.TryGetValue(pack.Model, out var whole) ? whole.Parameters : trained[i]);
        }
    }

    private MixFacts? MixOf(TrainingRun run) => _facts.Mixes.FirstOrDefault(mix => mix.Model == run.Model && mix.Data == run.Data && mix.Examples > 0);

    private double PerStep(MixFacts? mix) => mix is null ? 0 : (double)mix.Tokens / mix.Examples * _spec.Training.BatchSize;

    /// <summary>Seconds of one member's part of a step.</summary>
    private double? StepSeconds(string name, double tokens, double supervised, double part, int microBatch, double together, long ownWeights)
    {
        if (SpeedOf(name) is not { } speed || !_models.TryGetValue(name, out var model) || model.Layers == 0) return null;
        var passes = Math.Max(1, Math.Ceiling(together / microBatch));
        return part * passes * model.Layers * speed.TrainBlock + tokens * model.Layers * speed.TrainBlockToken + (tokens * (Weights(model) + ownWeights * GradientShare) + supervised * Head(model)) * speed.TrainTokenWeight;
    }

    private double? EvaluationSeconds(string name)
    {
        if (_spec.Evaluation.Count == 0) return 0;
        if (SpeedOf(name) is not { } speed || !_models.TryGetValue(name, out var model) || model.Layers == 0) return null;
        double seconds = 0;
        foreach (var evaluation in _spec.Evaluation)
        {
            if (_facts.Suites.FirstOrDefault(suite => suite.Name == evaluation.Name) is not { } suite || suite.Asked.FirstOrDefault(asked => asked.Model == name) is not { } asked) return null;
            seconds += asked.PromptTokens * (model.Layers * speed.TrainBlockToken + Weights(model) * speed.TrainTokenWeight) * MachineSpeed.ForwardShare;
            var together = Math.Clamp(suite.Items, 1, speed.DecodeBatch);
            seconds += (double)asked.NewTokens / together * model.Layers * speed.DecodeBlock + asked.NewTokens * (Weights(model) + Head(model)) * speed.DecodeTokenWeight;
        }
        return seconds;
    }

    /// <summary>The base as it is loaded (in fp32 where its own weights are trained, which are then counted once), what is trained with its moments, what each token leaves for the way back, and the logits with their gradients.</summary>
    private long? MemoryOf(string name, double tokens, double supervised, long trained, bool trainsBase = false)
    {
        if (!_models.TryGetValue(name, out var model)) return null;
        var load = _spec.LoadOf(_spec.Models.First(m => m.Name == name));
        var perToken = model.Projections.Sum(p => (double)p.In + p.Out) * sizeof(float);
        return (_facts.Machine?.ProcessBytes ?? 0) + model.Parameters * (trainsBase || load == "fp32" ? sizeof(float) : sizeof(ushort)) + trained * (trainsBase ? BytesPerTrained - sizeof(float) : BytesPerTrained)
            + (long)(tokens * perToken + supervised * model.VocabularySize * sizeof(float) * 2);
    }

    private long ResultBytes(string name) => Copies * _spec.Evaluation.Sum(evaluation =>
        _facts.Suites.FirstOrDefault(suite => suite.Name == evaluation.Name) is { } suite
            ? (long)suite.Items * BytesPerItem + BytesPerToken * (suite.Asked.FirstOrDefault(asked => asked.Model == name) is { } asked ? asked.PromptTokens + asked.NewTokens : 0) : 0);

    private MachineSpeed? SpeedOf(string model) => _facts.Machine?.Speeds.GetValueOrDefault(_spec.LoadOf(_spec.Models.First(m => m.Name == model)));

    private static double Weights(ModelFacts model) => model.Projections.Sum(p => (double)p.In * p.Out);

    private static double Head(ModelFacts model) => model.Projections.Count == 0 ? 0 : (double)model.VocabularySize * model.Projections[0].In;

    private static double? Sum(IEnumerable<double?> values) => values.Aggregate((double?)0, (sum, value) => sum + value);
}
