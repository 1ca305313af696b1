namespace AlpacaCot.Models;

/// <summary>What ChatGLM-6B has of its own: where a prompt ends, and how many positions a token has.</summary>
/// <param name="TwoDimensional">Whether a token has two positions (<c>position_encoding_2d</c>).</param>
/// <param name="MaskToken">Id of <c>[MASK]</c>.</param>
/// <param name="GenerationMaskToken">Id of <c>[gMASK]</c>, which goes before <c>[MASK]</c> where a prompt holds both.</param>
public sealed record GlmSettings(bool TwoDimensional, int MaskToken, int GenerationMaskToken);
