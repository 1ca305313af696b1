namespace AlpacaCot.Torch;
/// <summary>A tensor.</summary>
public sealed class Tensor { }
