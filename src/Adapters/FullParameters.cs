using System.Text.Json.Nodes;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>
/// Full fine-tuning as an adapter: the base's own parameters, or some of them, are what is trained, so it shares the base with nobody. It acts at no
/// hook; the trained model is the decoder, saved with <see cref="ModelDirectory.Save"/>.
/// </summary>
public sealed class FullParameters : Adapter
{
    private readonly Decoder _decoder;

    /// <summary>Makes a decoder's parameters trainable until this is disposed of.</summary>
    /// <param name="decoder">The model, in fp32 (smaller types lose updates).</param>
    /// <param name="only">The parameters to train, by their names in <see cref="Decoder.Parameters"/>; all where null.</param>
    /// <exception cref="AdapterException">A parameter is not fp32.</exception>
    public FullParameters(Decoder decoder, IReadOnlyCollection<string>? only = null)
    {
        _decoder = decoder;
        if (decoder.Storage != WeightStorage.Plain) throw new AdapterException($"full fine-tuning needs fp32 weights, but the base is held as {decoder.Storage}; load the model as fp32");
        if (decoder.Parameters.FirstOrDefault(p => p.Value.dtype != ScalarType.Float32) is { Key: { } name })
            throw new AdapterException($"full fine-tuning needs fp32 weights, but {name} is {decoder.Parameters[name].dtype}; load the model as fp32");
        var trained = decoder.Parameters.Where(p => only is null || only.Contains(p.Key)).ToList();
        foreach (var parameter in trained) parameter.Value.requires_grad = true;
        // As the Trainer does: biases and norm weights, the vectors, are not decayed.
        Parameters = [.. trained.Select(p => new AdapterParameter(p.Key, p.Value, Decays: p.Value.dim() > 1))];
    }

    /// <inheritdoc/>
    public override AdapterConfig Config { get; } = new FullConfig();

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    /// <inheritdoc/>
    public override string MergeObstacle => "full fine-tuning trains the base itself; save the model";

    /// <summary>Freezes the parameters again; they stay the decoder's.</summary>
    public override void Dispose()
    {
        foreach (var parameter in _decoder.Parameters.Values)
        {
            parameter.grad = null;
            parameter.requires_grad = false;
        }
        GC.SuppressFinalize(this);
    }
}

/// <summary>The configuration of full fine-tuning; there is no PEFT folder for it.</summary>
internal sealed record FullConfig : AdapterConfig
{
    public override string PeftType => "FULL";

    internal override void Write(IDictionary<string, JsonNode?> fields) { }
}
