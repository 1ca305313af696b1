namespace AlpacaCot.Models;

/// <summary>How the rotary frequencies are stretched beyond the length that a model was trained on.</summary>
public enum RotaryScaling
{
    /// <summary>As trained.</summary>
    None,

    /// <summary>Positions divided by the factor.</summary>
    Linear,

    /// <summary>The base grows with the length beyond the trained one (dynamic NTK).</summary>
    Dynamic,

    /// <summary>Llama 3: low frequencies divided, high ones kept, those between interpolated.</summary>
    Llama3,

    /// <summary>YaRN (Peng et al. 2023): a ramp over the frequencies and a factor on the scores.</summary>
    Yarn,

    /// <summary>LongRoPE (Ding et al. 2024, Phi-3's long contexts): every frequency has a divisor, another one in sequences beyond the trained length.</summary>
    LongRope,
}

/// <summary>Base and scaling of a rotary embedding: <c>rope_theta</c> with <c>rope_scaling</c>, or <c>rope_parameters</c> of transformers 5.</summary>
public sealed record RotarySettings
{
    /// <summary>Base of the frequencies: inv[i] = theta^(−2i/n) over the rotated width n.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>Dimensions of a head that are rotated, the first ones; all where null.</summary>
    public int? Width { get; init; }

    /// <summary>Whether neighbouring dimensions (2i, 2i + 1) turn together (GPT-J, ChatGLM2); else i and i + n/2 do (LLaMA).</summary>
    public bool Pairs { get; init; }

    /// <summary>Kind of scaling.</summary>
    public RotaryScaling Scaling { get; init; }

    /// <summary>By how much the context is stretched.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Length in tokens that the scaling starts from.</summary>
    public int OriginalMaxPositions { get; init; } = 2048;

    /// <summary>Llama 3: wavelengths longer than original / this are divided by the factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Llama 3: wavelengths shorter than original / this are kept.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>YaRN: rotations over the original length above which a frequency is kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: rotations over the original length below which a frequency is divided.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>LongRoPE: divisors of the frequencies in sequences up to the trained length.</summary>
    public IReadOnlyList<double> ShortFactors { get; init; } = [];

    /// <summary>LongRoPE: divisors of the frequencies in longer sequences.</summary>
    public IReadOnlyList<double> LongFactors { get; init; } = [];

    /// <summary>Factor on cos and sin, so that scores grow by its square.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>Whether the angles are others than in sequences up to the trained length, which is so beyond it with dynamic scaling and with LongRoPE.</summary>
    public bool DependsOnLength(int length) => Scaling is RotaryScaling.Dynamic or RotaryScaling.LongRope && length > OriginalMaxPositions;

    /// <summary>
    /// Whether a sequence that has just grown to a length must be computed from its beginning: LongRoPE's other divisors hold for all of its tokens. Dynamic
    /// scaling changes with each token, and its reference implementation keeps what was computed.
    /// </summary>
    public bool BeginsAnewAt(int length) => Scaling == RotaryScaling.LongRope && length == OriginalMaxPositions + 1;
}
