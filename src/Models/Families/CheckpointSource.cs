using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Families;

/// <summary>Parameters from a checkpoint; whatever is missing, misshaped or left over is reported at once.</summary>
internal sealed class CheckpointSource : IParameterSource
{
    private const int Shown = 12;
    private readonly Checkpoint _checkpoint;
    private readonly ScalarType? _dtype;
    private readonly Device _device;
    private readonly string _skip;
    private readonly bool _asHeld;
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<string> _errors = [];

    public CheckpointSource(Checkpoint checkpoint, ModelFamily family, ScalarType? dtype, Device device, bool asHeld = false)
    {
        (_checkpoint, _dtype, _device, _asHeld) = (checkpoint, dtype, device, asHeld);
        var prefixed = checkpoint.Tensors.Keys.Any(name => name.StartsWith(family.BasePrefix, StringComparison.Ordinal));
        _skip = prefixed ? "" : family.BasePrefix;
    }

    public (string Name, Tensor Value)? Take(string name, long[] shape, Initialisation initialisation)
    {
        if (Find(name) is not { } stored)
        {
            _errors.Add($"{name} [{string.Join(", ", shape)}] is missing");
            return null;
        }
        if (!Fits(stored, shape)) return null;
        if (stored.Type.Scalar is not { } scalar || !torch.is_floating_point(scalar))
        {
            _errors.Add($"{Path.GetFileName(stored.Path)}: {stored.Name} has the type {stored.Type}; a parameter is F32, BF16, F16 or F64");
            return null;
        }
        if (_errors.Count > 0) return null;
        var value = stored.Load(_dtype ?? scalar, _device);
        if (FiniteValues.CountOthers(value) is > 0 and var others)
        {
            value.Dispose();
            throw NonFinite(stored, others, _dtype ?? scalar);
        }
        return (stored.Name, value);
    }

    public Device Device => _device;

    public bool IsHeld(string name) => Find(name)?.Held is not null;

    public QuantisedWeight? TakeHeld(string name, long[] shape)
    {
        if (!_asHeld || Find(name) is not { Held: { } held } stored || !Fits(stored, shape) || _errors.Count > 0) return null;
        var weight = held.Read();
        using var scope = torch.NewDisposeScope();
        if (FiniteValues.CountOthers(weight.Plain()) is 0) return weight.MovedTo(_device);
        weight.Dispose();
        throw new ModelException($"{stored.Path}: {stored.Name} stands for values that are not finite (NaN or infinity): the file is damaged");
    }

    private StoredTensor? Find(string name) => _checkpoint.Tensors.GetValueOrDefault(name)
        ?? (name.StartsWith(_skip, StringComparison.Ordinal) ? _checkpoint.Tensors.GetValueOrDefault(name[_skip.Length..]) : null);

    private bool Fits(StoredTensor stored, long[] shape)
    {
        _taken.Add(stored.Name);
        if (stored.Shape.SequenceEqual(shape)) return true;
        _errors.Add($"{Path.GetFileName(stored.Path)}: {stored.Name} is [{string.Join(", ", stored.Shape)}], [{string.Join(", ", shape)}] is expected");
        return false;
    }

    /// <summary>What of the checkpoint is not used though it says something else than what is.</summary>
    /// <param name="family">The model's family.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="parameters">The parameters that were taken.</param>
    public IReadOnlyList<string> Remarks(ModelFamily family, DecoderConfig config, IReadOnlyDictionary<string, Tensor> parameters)
    {
        var whole = config.Source?.ContainsKey("quantization_config") == true && _checkpoint.Storage is null
            ? [$"{_checkpoint.Path}: config.json says that {BitsAndBytes.Method} quantised the weights, which are whole: they are taken as they are"]
            : Array.Empty<string>();
        return [.. whole, .. UnusedHead(family, config, parameters)];
    }

    private IReadOnlyList<string> UnusedHead(ModelFamily family, DecoderConfig config, IReadOnlyDictionary<string, Tensor> parameters)
    {
        if (!config.TieWordEmbeddings || !_checkpoint.Tensors.TryGetValue(family.HeadTensor, out var head)) return [];
        if (parameters.FirstOrDefault(p => p.Key.EndsWith(family.EmbeddingTensor, StringComparison.Ordinal)).Value is not { } embedding) return [];
        if (head.Shape.SequenceEqual(embedding.shape))
        {
            using var stored = head.Load(embedding.dtype, embedding.device);
            if (stored.Equals(embedding)) return [];
        }
        return [$"{head.Path}: {head.Name} differs from {family.EmbeddingTensor} and is not used: config.json ties the two (tie_word_embeddings), as transformers does; set it to false if the head is the model's own"];
    }

    // A weight that is no number makes every logit none; said here, where the tensor is known, and not by an answer that is empty.
    private ModelException NonFinite(StoredTensor stored, long others, ScalarType dtype)
    {
        using var plain = stored.Load(stored.Type.Scalar!.Value, CPU);
        return FiniteValues.CountOthers(plain) is 0
            ? new ModelException($"{stored.Path}: {stored.Name}: {others} of {plain.numel()} values are beyond what {dtype} holds; load the model as it is stored, or in fp32")
            : new ModelException($"{stored.Path}: {stored.Name} holds values that are not finite (NaN or infinity), {others} of {plain.numel()}: the file is damaged, or its training diverged");
    }

    /// <summary>Reports everything that did not fit.</summary>
    /// <exception cref="ModelException">Something did not.</exception>
    public void Finish(ModelFamily family, DecoderConfig config)
    {
        foreach (var stored in _checkpoint.Tensors.Values)
            if (!_taken.Contains(stored.Name) && !family.Ignores(config, stored.Name))
                _errors.Add($"{Path.GetFileName(stored.Path)}: {stored.Name} [{string.Join(", ", stored.Shape)}] is not part of a {family.ModelType} model with this configuration");
        if (_errors.Count == 0) return;
        var more = _errors.Count > Shown ? $"; and {_errors.Count - Shown} more" : "";
        throw new ModelException($"{_checkpoint.Path}: the weights do not fit the configuration: {string.Join("; ", _errors.Take(Shown))}{more}");
    }
}
