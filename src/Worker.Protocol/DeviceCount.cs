namespace AlpacaCot.Worker.Protocol;

/// <summary>What the tool <c>devices</c> answers.</summary>
/// <param name="Gpus">GPUs that libtorch can use.</param>
/// <param name="Looked">What was looked for and found, or not: a line each.</param>
public sealed record DeviceCount(int Gpus, IReadOnlyList<string> Looked);
