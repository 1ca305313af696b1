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

    /// <summary>Factor on cos and sin, so that scores grow by its square.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>Whether the angle of every position depends on the length of its sequence, which is so beyond the trained length with dynamic scaling.</summary>
    public bool DependsOnLength(int length) => Scaling == RotaryScaling.Dynamic && length > OriginalMaxPositions;
}
