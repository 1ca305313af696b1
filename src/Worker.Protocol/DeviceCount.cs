namespace AlpacaCot.Worker.Protocol;

/// <summary>What the tool <c>devices</c> answers.</summary>
/// <param name="Gpus">NVIDIA GPUs that libtorch can use; 0 also where this build of it has no CUDA.</param>
public sealed record DeviceCount(int Gpus);
