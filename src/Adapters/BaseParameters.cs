using AlpacaCot.Adapters.Full;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>
/// Weights of the base itself as an adapter: all of them (full fine-tuning) or some (freezing). It changes the base that it is made for, so it shares
/// it with nobody, and acts at no hook; what was trained is the decoder, which <see cref="Save"/> writes whole.
/// </summary>
public sealed class BaseParameters : Adapter
{
    private readonly Decoder _decoder;

    /// <summary>Makes a decoder's parameters trainable until this is disposed of.</summary>
    /// <param name="decoder">The model, in fp32 (smaller types lose updates).</param>
    /// <param name="only">The parameters to train, by their names in <see cref="Decoder.Parameters"/>; all where null.</param>
    /// <exception cref="AdapterException">A parameter is not fp32.</exception>
    public BaseParameters(Decoder decoder, IReadOnlyCollection<string>? only = null) : this(decoder, new FullConfig(), name => only is null || only.Contains(name)) { }

    /// <summary>Makes some of a decoder's parameters trainable.</summary>
    internal BaseParameters(Decoder decoder, AdapterConfig config, Func<string, bool> trains)
    {
        (_decoder, Config) = (decoder, config);
        if (decoder.Storage != WeightStorage.Plain) throw new AdapterException($"the base's own weights are trained in fp32, but the base is held as {decoder.Storage}; load the model as fp32");
        if (decoder.Parameters.FirstOrDefault(p => p.Value.dtype != ScalarType.Float32) is { Key: { } name })
            throw new AdapterException($"the base's own weights are trained in fp32, but {name} is {decoder.Parameters[name].dtype}; load the model as fp32");
        // As the Trainer does: biases and norm weights, the vectors, are not decayed.
        Parameters = [.. decoder.Parameters.Where(p => trains(p.Key)).Select(p => new AdapterParameter(p.Key, p.Value) { Decays = p.Value.dim() > 1 })];
        foreach (var parameter in Parameters) parameter.Value.requires_grad = true;
    }

    /// <inheritdoc/>
    public override AdapterConfig Config { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    /// <inheritdoc/>
    public override bool TrainsBase => true;

    /// <inheritdoc/>
    public override string MergeObstacle => "it trains the base itself; save the model";

    /// <summary>Saves the trained model as a Hugging Face directory, reads it again and holds it against what was trained.</summary>
    /// <param name="folder">The folder; its tokenizer is the caller's to put there.</param>
    /// <exception cref="AdapterException">It cannot be written, or reads back otherwise than it was written.</exception>
    public void Save(string folder)
    {
        using var frozen = torch.no_grad();
        try
        {
            ModelDirectory.Save(_decoder, folder);
            using var again = ModelDirectory.Load(folder);
            foreach (var (name, value) in _decoder.Parameters)
            {
                using var scope = torch.NewDisposeScope();
                if (!again.Parameters.TryGetValue(name, out var read) || read.dtype != value.dtype || !read.shape.SequenceEqual(value.shape) || read.ne(value.to(read.device)).any().item<bool>())
                    throw new AdapterException($"{folder}: {name} reads back otherwise than it was written");
            }
        }
        catch (ModelException e)
        {
            throw new AdapterException(e.Message, e);
        }
    }

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
