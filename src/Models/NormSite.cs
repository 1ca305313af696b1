namespace AlpacaCot.Models;

/// <summary>A norm of the decoder: where an adapter can act with weights of its own.</summary>
public abstract class NormSite(string path)
{
    /// <summary>Its module path in the Hugging Face model, <c>model.layers.0.input_layernorm</c>.</summary>
    public string Path => path;

    /// <summary>The last part of its path.</summary>
    public string Name => path[(path.LastIndexOf('.') + 1)..];

    /// <summary>The frozen weight <c>[width]</c> as stored.</summary>
    public abstract Tensor Weight { get; }

    /// <summary>The frozen bias <c>[width]</c>, or null.</summary>
    public abstract Tensor? Bias { get; }

    /// <summary>The same norm of <c>[…, width]</c> with other weights, which gradients reach.</summary>
    public abstract Tensor Apply(Tensor x, Tensor weight, Tensor? bias);
}
