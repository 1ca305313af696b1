using AlpacaCot.Adapters.Lora;
using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Combining;

/// <summary>
/// Makes one LoRA adapter of several with weights wᵢ and scalings sᵢ, as PEFT's <c>add_weighted_adapter</c> does; the result's scaling is 1:
/// <code>
/// cat     A = [w₁s₁A₁; w₂s₂A₂; …]        B = [B₁, B₂, …]
/// linear  A = Σ sign(wᵢ) √|wᵢsᵢ| Aᵢ      B = Σ √|wᵢsᵢ| Bᵢ
/// svd     U S Vᵀ = Σ wᵢsᵢBᵢAᵢ            B = U_r S_r, A = V_rᵀ
/// </code>
/// Pruning (<c>ties</c>, <c>magnitude_prune</c>) keeps the largest magnitudes of each summand first; <c>ties</c> then sums, at each place, those whose sign is the elected one, and
/// divides by their number. A PiSSA adapter counts as the plain LoRA that it is over the whole base: combining it alone converts it.
/// </summary>
public static class AdapterCombiner
{
    /// <summary>Combines adapters of one base.</summary>
    /// <param name="decoder">The base.</param>
    /// <param name="adapters">The adapters with their weights.</param>
    /// <param name="settings">How.</param>
    /// <exception cref="AdapterException">An adapter is no LoRA or changes more than projections, ranks differ where they must not, or a setting is wrong.</exception>
    public static LoraAdapter Combine(Decoder decoder, IReadOnlyList<(Adapter Adapter, double Weight)> adapters, CombineSettings settings)
    {
        Check(adapters, settings);
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var members = adapters.Select(adapter => (Layers: ((LoraAdapter)adapter.Adapter).Layers.ToDictionary(layer => layer.Site.Path, StringComparer.Ordinal), adapter.Weight)).ToList();
        var combined = new List<(string Path, Tensor A, Tensor B)>();
        foreach (var site in decoder.Projections)
        {
            List<Summand> summands = [.. members.Where(member => member.Layers.ContainsKey(site.Path)).Select(member => Summand.Of(member.Layers[site.Path], member.Weight))];
            if (summands.Count == 0) continue;
            if (!settings.HasRank && settings.Type != "cat" && summands.Select(summand => summand.A.size(0)).Distinct().Count() > 1)
                throw new AdapterException($"{settings.Type} needs adapters of one rank, and at {site.Path} they have {string.Join(", ", summands.Select(summand => summand.A.size(0)))}; use cat or svd");
            var (a, b) = Factors(summands, settings);
            combined.Add((site.Path, a, b));
        }
        return Make(decoder, combined, adapters.Select(adapter => adapter.Adapter.Config.BaseModel).Distinct().ToList());
    }

    private static void Check(IReadOnlyList<(Adapter Adapter, double Weight)> adapters, CombineSettings settings)
    {
        if (adapters.Count == 0) throw new AdapterException("combining needs at least one adapter");
        if (!CombineSettings.Types.ContainsKey(settings.Type)) throw new AdapterException($"combination type '{settings.Type}' is unknown; known: {string.Join(", ", CombineSettings.Types.Keys)}");
        if (settings.Density is not (> 0 and <= 1)) throw new AdapterException(FormattableString.Invariant($"density = {settings.Density} must be above 0 and at most 1"));
        if (settings.Rank < 1) throw new AdapterException($"rank = {settings.Rank} must be at least 1");
        for (var i = 0; i < adapters.Count; i++)
        {
            if (adapters[i].Adapter is WithOwnWeights) throw new AdapterException($"adapter {i + 1} has biases or whole modules of the base of its own, which cannot be summed; merge it into the base instead");
            if (adapters[i].Adapter is not LoraAdapter lora) throw new AdapterException($"adapter {i + 1} is {adapters[i].Adapter.Config.PeftType}: only LoRA adapters can be combined");
            if (lora.Config is LoraConfig { UseDora: true }) throw new AdapterException($"adapter {i + 1} has DoRA's magnitudes, which cannot be summed; merge it into the base instead");
            if (lora.ActsAtEmbedding || lora.ActsAtHead) throw new AdapterException($"adapter {i + 1} changes the embedding or the head, which cannot be summed; merge it into the base instead");
            if (!double.IsFinite(adapters[i].Weight)) throw new AdapterException($"the weight of adapter {i + 1} must be a finite number");
        }
    }

    private static (Tensor A, Tensor B) Factors(List<Summand> summands, CombineSettings settings)
    {
        if (settings.Type == "cat") return (torch.cat([.. summands.Select(s => s.A * (s.Weight * s.Scaling))], 0), torch.cat([.. summands.Select(s => s.B)], 1));
        if (settings.HasRank)
        {
            var rank = settings.Rank ?? (int)summands.Max(s => s.A.size(0));
            var deltas = summands.ConvertAll(s => torch.mm(s.B, s.A) * s.Scaling);
            var (u, sigma, vt) = torch.linalg.svd(Sum(deltas, summands.ConvertAll(s => s.Weight), settings), fullMatrices: false);
            rank = (int)Math.Min(rank, sigma.size(0));
            return (vt.narrow(0, 0, rank), u.narrow(1, 0, rank) * sigma.narrow(0, 0, rank));
        }
        var roots = summands.ConvertAll(s => Math.Sqrt(Math.Abs(s.Weight * s.Scaling)));
        return (Sum(summands.ConvertAll(s => s.A), [.. roots.Zip(summands, (root, s) => root * Math.Sign(s.Weight * s.Scaling))], settings), Sum(summands.ConvertAll(s => s.B), roots, settings));
    }

    private static Tensor Sum(List<Tensor> values, List<double> weights, CombineSettings settings)
    {
        if (settings.Prunes) values = values.ConvertAll(value => Prune(value, settings.Density));
        var weighted = values.Zip(weights, (value, weight) => value * weight).ToList();
        if (!settings.Type.StartsWith("ties", StringComparison.Ordinal)) return weighted.Aggregate((sum, value) => sum + value);
        var signs = values.ConvertAll(value => value.sign());
        var elected = torch.where((settings.ByFrequency ? signs : values).Aggregate((sum, value) => sum + value).ge(0), torch.tensor(1f), torch.tensor(-1f));
        var agree = signs.ConvertAll(sign => sign.eq(elected).to(torch.float32));
        return weighted.Zip(agree, (value, agrees) => value * agrees).Aggregate((sum, value) => sum + value) / agree.Aggregate((sum, agrees) => sum + agrees).clamp(min: 1);
    }

    private static Tensor Prune(Tensor value, double density)
    {
        var kept = (int)(density * value.numel());
        if (kept >= value.numel()) return value;
        var mask = torch.zeros([value.numel()], device: value.device);
        if (kept > 0) mask = mask.index_fill(0, value.abs().reshape(-1).topk(kept).indexes, 1);
        return value * mask.view(value.shape);
    }

    private static LoraAdapter Make(Decoder decoder, List<(string Path, Tensor A, Tensor B)> combined, List<string?> bases)
    {
        var ranks = combined.GroupBy(module => (int)module.A.size(0)).OrderByDescending(group => group.Count()).ToList();
        var common = ranks[0].Key;
        List<KeyValuePair<string, double>> others = [.. ranks.Skip(1).SelectMany(group => group.Select(module => KeyValuePair.Create(System.Text.RegularExpressions.Regex.Escape(module.Path), (double)group.Key)))];
        var config = new LoraConfig
        {
            R = common, Alpha = common, RankPattern = others, AlphaPattern = others, TargetModules = ModuleSelection.Of(combined.Select(module => module.Path)),
            BaseModel = bases is [var only] ? only : null,
        };
        using var generator = new Generator(0);
        var adapter = LoraAdapter.Create(decoder, config, generator);
        foreach (var (layer, (_, a, b)) in adapter.Layers.Zip(combined))
        {
            layer.A.copy_(a);
            layer.B.copy_(b);
        }
        return adapter;
    }

    private sealed record Summand(Tensor A, Tensor B, double Scaling, double Weight)
    {
        public static Summand Of(LoraLayer layer, double weight)
        {
            var (a, b) = layer.Factors;
            return new Summand(a, b, layer.Scaling, weight);
        }
    }
}
