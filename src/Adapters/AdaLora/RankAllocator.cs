using AlpacaCot.Kernels;

namespace AlpacaCot.Adapters.AdaLora;

/// <summary>The three factors of one module, B (E ∘ A).</summary>
/// <param name="A"><c>[r, in]</c>.</param>
/// <param name="E"><c>[r, 1]</c>.</param>
/// <param name="B"><c>[out, r]</c>.</param>
internal sealed record Triplet(Tensor A, Tensor E, Tensor B);

/// <summary>
/// AdaLoRA's allocation of ranks, as PEFT has it. After each optimiser step t, with the parameters p after it and the gradients g before it,
/// <code>
/// I = |p g|        Ī ← β₁ Ī + (1 − β₁) I        Ū ← β₂ Ū + (1 − β₂) |I − Ī|
/// score of a rank = (Ī Ū of E) + mean over A's row of Ī Ū + mean over B's column of Ī Ū
/// budget(t) = init, while t ≤ tinit; final, once t > total − tfinal;
///             ⌊(init − final) (1 − (t − tinit) / (total − tfinal − tinit))³ + final⌋ between, in force where deltaT divides t
/// </code>
/// The (init − budget) ranks of smallest score of all modules together get E = 0. At t = total − tfinal the choice is final.
/// </summary>
internal sealed class RankAllocator
{
    private readonly AdaLoraConfig _config;
    private readonly IReadOnlyList<Triplet> _modules;
    private readonly List<(Tensor Parameter, Tensor Importance, Tensor Uncertainty)> _elements = [];
    private readonly Tensor[] _kept;
    private readonly Tensor _allocated;

    /// <summary>Starts with importances of zero and all ranks.</summary>
    public RankAllocator(AdaLoraConfig config, IReadOnlyList<Triplet> modules)
    {
        (_config, _modules) = (config, modules);
        using var frozen = torch.no_grad();
        foreach (var (a, e, b) in modules)
            foreach (var parameter in new[] { a, e, b })
                _elements.Add((parameter, torch.zeros_like(parameter).DetachFromDisposeScope(), torch.zeros_like(parameter).DetachFromDisposeScope()));
        _kept = [.. modules.Select(module => torch.ones([module.E.size(0)], torch.float32).DetachFromDisposeScope())];
        _allocated = torch.zeros([1], torch.float32).DetachFromDisposeScope();
    }

    /// <summary>Which ranks each module keeps, in the order of the modules; null before the first allocation.</summary>
    public IReadOnlyList<bool[]>? Kept => _allocated.item<float>() == 0 ? null : [.. _kept.Select(kept => kept.ToArray<float>().Select(value => value != 0).ToArray())];

    /// <summary>Rank of every module at the start.</summary>
    public int FirstRank => _config.InitR;

    /// <summary>The score under which ranks were dropped in the last step; null where none was allocated.</summary>
    public double? Threshold { get; private set; }

    /// <summary>What a checkpoint must hold to go on.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> State =>
    [
        .. _elements.SelectMany((element, i) => new[] { KeyValuePair.Create(FormattableString.Invariant($"importance.{i}"), element.Importance), KeyValuePair.Create(FormattableString.Invariant($"uncertainty.{i}"), element.Uncertainty) }),
        .. _kept.Select((kept, i) => KeyValuePair.Create(FormattableString.Invariant($"kept.{i}"), kept)),
        KeyValuePair.Create("allocated", _allocated),
    ];

    /// <summary>The budget of a step, in ranks of all modules together, and whether it is put in force.</summary>
    public (int Budget, bool Allocates) BudgetAt(int step)
    {
        var (first, last) = (_config.InitR * _modules.Count, _config.TargetR * _modules.Count);
        if (step <= _config.TInit) return (first, false);
        var end = _config.TotalStep!.Value - _config.TFinal;
        if (step > end) return (last, true);
        var left = 1 - (step - _config.TInit) / (double)(end - _config.TInit);
        return ((int)((first - last) * (left * left * left) + last), step % _config.DeltaT == 0);
    }

    /// <summary>What follows an optimiser step.</summary>
    /// <param name="step">Its number, from 0.</param>
    /// <param name="gradientScale">What the gradients were multiplied by in it.</param>
    public void After(int step, double gradientScale)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        Threshold = null;
        var end = _config.TotalStep!.Value - _config.TFinal;
        if (step > end)
        {
            for (var i = 0; i < _modules.Count; i++) _modules[i].E.mul_(_kept[i].to(_modules[i].E.device).view(-1, 1));
            return;
        }
        if (step < end) UpdateImportance(gradientScale);
        var (budget, allocates) = BudgetAt(step);
        if (allocates || step == end) Allocate(budget);
    }

    /// <summary>The score of each rank of each module.</summary>
    public IReadOnlyList<Tensor> Scores()
    {
        var scores = new List<Tensor>();
        for (var i = 0; i < _modules.Count; i++)
        {
            Tensor Score(int element) => _elements[3 * i + element].Importance * _elements[3 * i + element].Uncertainty;
            scores.Add(Score(1).view(-1) + (Score(0).mean([1L]) + Score(2).mean([0L])));
        }
        return scores;
    }

    /// <summary>Frees what it holds; the factors are the adapter's.</summary>
    public void Dispose()
    {
        foreach (var (_, tensor) in State) tensor.Dispose();
    }

    private void UpdateImportance(double gradientScale)
    {
        foreach (var (parameter, importance, uncertainty) in _elements)
        {
            if (parameter.grad is not { } gradient) continue;
            var now = (parameter * gradient).abs();
            if (gradientScale != 1) now = now * gradientScale;
            importance.mul_(_config.Beta1).add_(now, alpha: 1 - _config.Beta1);
            uncertainty.mul_(_config.Beta2).add_((now - importance).abs(), alpha: 1 - _config.Beta2);
        }
    }

    private void Allocate(int budget)
    {
        var dropped = _config.InitR * _modules.Count - budget;
        if (dropped <= 0) return;
        var scores = Scores();
        var all = torch.cat([.. scores]).cpu().ToArray<float>();
        Array.Sort(all);
        var threshold = all[dropped - 1];
        Threshold = threshold;
        for (var i = 0; i < _modules.Count; i++)
        {
            var kept = scores[i].gt(threshold).to(torch.float32);
            _modules[i].E.mul_(kept.view(-1, 1));
            _kept[i].copy_(kept);
        }
        _allocated.fill_(1);
    }
}
