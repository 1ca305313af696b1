namespace AlpacaCot.Specs;

/// <summary>A checkpoint of a pack: written by a worker, accepted by the sweep, and where the pack's next attempt goes on.</summary>
/// <param name="Uri">The folder it lies in.</param>
/// <param name="Step">The pack's step.</param>
/// <param name="Sha256">Hash of its manifest.</param>
public sealed record CheckpointReference(string Uri, long Step, string Sha256);
