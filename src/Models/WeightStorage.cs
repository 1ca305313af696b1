namespace AlpacaCot.Models;

/// <summary>How a decoder holds the frozen weights of its blocks' projections, whatever type it computes in.</summary>
public enum WeightStorage
{
    /// <summary>In the type it computes in.</summary>
    Plain,

    /// <summary>A byte a weight and a scale a row (the codes of LLM.int8, Dettmers et al. 2022), multiplied as the weights they stand for.</summary>
    Int8,

    /// <summary>As <see cref="Int8"/>, and where nothing is trained multiplied as LLM.int8 does: in integers, but for the columns of x that hold a large value.</summary>
    LlmInt8,

    /// <summary>
    /// The codes of <see cref="Int8"/>, and bytes of the rows that they are multiplied with too, forward and backward (W8A8): products of integers, half of the
    /// time and other numbers. A training step's logits are computed so too, where the processor multiplies bytes.
    /// </summary>
    W8A8,

    /// <summary>NF4 (QLoRA, Dettmers et al. 2023): four bits a weight, a scale for 64, the scales in eight bits (double quantisation).</summary>
    Nf4,

    /// <summary>NF4 with its scales in fp32.</summary>
    Nf4Single,

    /// <summary>FP4, bitsandbytes' 4-bit float, with the scales in eight bits.</summary>
    Fp4,

    /// <summary>FP4 with its scales in fp32.</summary>
    Fp4Single,
}
