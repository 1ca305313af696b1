using AlpacaCot.Adapters;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Optimisers;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// What makes updates of a member's gradients. An algorithm is a class that says which state it keeps for each parameter and how a step changes both;
/// what it computes with constants such as 1 − β₂ is taken in double and rounded once, as torch does.
/// </summary>
public abstract class Optimiser : IDisposable
{
    private readonly List<(string Name, IReadOnlyList<Tensor?> Tensors)> _states = [];

    /// <summary>Starts at step 0.</summary>
    /// <param name="parameters">What is updated; their gradients are read from the tensors.</param>
    /// <param name="settings">The optimiser's settings and the weight decay.</param>
    private protected Optimiser(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings)
    {
        (Parameters, Settings) = (parameters, settings);
        Values = [.. parameters.Select(parameter => parameter.Value)];
        Decays = [.. parameters.Select(parameter => parameter.Decays ? settings.WeightDecay : 0)];
    }

    /// <summary>Updates made so far.</summary>
    public int Steps { get; private set; }

    private protected IReadOnlyList<AdapterParameter> Parameters { get; }

    private protected TrainingSpec Settings { get; }

    private protected List<Tensor> Values { get; }

    /// <summary>The weight decay of each parameter.</summary>
    private protected double[] Decays { get; }

    /// <summary>Makes the optimiser that the settings name.</summary>
    /// <exception cref="TrainingException">There is none of that name.</exception>
    public static Optimiser Create(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings)
    {
        double Of(string argument) => OptimiserCatalogue.Find(settings.Optimizer)!.Value(settings, argument);
        return settings.Optimizer switch
        {
            "adamw" => new AdamW(parameters, settings),
            "adam" => new AdamW(parameters, settings, coupled: true),
            "adamw_8bit" => new AdamW8Bit(parameters, settings),
            "sgd" => new Sgd(parameters, settings, Of("momentum"), Of("dampening"), Of("nesterov") != 0),
            "adafactor" => new Adafactor(parameters, settings),
            "lion" => new Lion(parameters, settings, Of("beta1"), Of("beta2")),
            "lion_8bit" => new Lion8Bit(parameters, settings, Of("beta1"), Of("beta2")),
            _ => throw new TrainingException($"optimizer '{settings.Optimizer}' is unknown; known: {string.Join(", ", OptimiserCatalogue.All.Select(o => o.Name))}"),
        };
    }

    /// <summary>The rate that the coming step is made with, of the schedule's.</summary>
    public virtual double RateOf(double scheduled) => scheduled;

    /// <summary>Drops the gradients.</summary>
    public void ZeroGrad()
    {
        foreach (var value in Values) value.grad = null;
    }

    /// <summary>The norm of all gradients together.</summary>
    public double GradNorm()
    {
        using var scope = torch.NewDisposeScope();
        return GradientClipping.Norm(Gradients());
    }

    /// <summary>Key of the first parameter whose gradient is infinite or not a number.</summary>
    public string FirstNonFinite()
    {
        using var scope = torch.NewDisposeScope();
        var gradients = Gradients();
        var at = gradients.FindIndex(gradient => !double.IsFinite(gradient.norm().item<float>()));
        return at < 0 ? "all parameters together" : Parameters[at].Key;
    }

    /// <summary>Makes one update.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="gradientScale">Multiplies the gradients first: the clipping coefficient.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        Steps++;
        Update(Gradients(), learningRate, gradientScale);
    }

    /// <summary>Updates parameters and states; <see cref="Steps"/> counts this step already.</summary>
    private protected abstract void Update(List<Tensor> gradients, double learningRate, double gradientScale);

    /// <summary>The rate of one parameter.</summary>
    private protected double Rate(int parameter, double learningRate) => Parameters[parameter] switch
    {
        { OwnRate: { } own } => Settings.LearningRate is > 0 and var peak ? own * (learningRate / peak) : 0,
        var p => learningRate * p.RateFactor,
    };

    /// <summary>Adds a tensor to the state of every parameter, zero at first; none where the shape is null.</summary>
    private protected List<Tensor?> NewState(string name, Func<Tensor, long[]?> shape, ScalarType type = ScalarType.Float32)
    {
        using var frozen = torch.no_grad();
        var tensors = Values.ConvertAll(value => shape(value) is { } wanted ? torch.zeros(wanted, type, value.device).DetachFromDisposeScope() : null);
        _states.Add((name, tensors));
        return tensors;
    }

    /// <summary>As above for a tensor of every parameter's own shape.</summary>
    private protected List<Tensor> NewState(string name) => NewState(name, value => value.shape).ConvertAll(tensor => tensor!);

    /// <summary>Values and states by name, for a checkpoint.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State()
    {
        for (var i = 0; i < Parameters.Count; i++)
        {
            yield return KeyValuePair.Create("value." + Parameters[i].Key, Values[i].detach());
            foreach (var (name, tensors) in _states)
                if (tensors[i] is { } tensor) yield return KeyValuePair.Create($"{name}.{Parameters[i].Key}", tensor);
        }
    }

    /// <summary>Goes on from a checkpoint.</summary>
    internal void Restore(IReadOnlyDictionary<string, Tensor> state, int steps)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        foreach (var (name, tensor) in State()) tensor.copy_(state[name]);
        Steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _states.SelectMany(state => state.Tensors)) tensor?.Dispose();
        GC.SuppressFinalize(this);
    }

    // A parameter that nothing used has no gradient: it counts as zero, so that moments and decay go on.
    private List<Tensor> Gradients() => Values.ConvertAll(value => value.grad ?? torch.zeros_like(value));
}
