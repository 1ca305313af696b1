namespace AlpacaCot.Specs.Facts;

/// <summary>What one model is fed for one evaluation, once.</summary>
/// <param name="Model">Name of the value of <c>models</c>.</param>
/// <param name="PromptTokens">Tokens of all prompts, under the template and cue that make them longest.</param>
/// <param name="NewTokens">New tokens of all answers at most; 0 where answers are scored and not generated.</param>
public sealed record AskedFacts(string Model, long PromptTokens, long NewTokens);

/// <summary>How fast a machine trains and decodes, from a few seconds on small random models.</summary>
/// <param name="Description">The machine: processors, their name, threads.</param>
/// <param name="ProcessBytes">Memory of a worker that has loaded nothing.</param>
/// <param name="Speeds">Precision of the base to its speed.</param>
public sealed record MachineFacts(string Description, long ProcessBytes, IReadOnlyDictionary<string, MachineSpeed> Speeds);

/// <summary>
/// What a step costs. The time of a pass is the sum of a part for each block, one for each token in each block, and one for each token and weight that it is multiplied with: small models
/// spend theirs in the first two, large ones in the third.
/// </summary>
/// <param name="TrainBlock">Seconds of a training pass for each block.</param>
/// <param name="TrainBlockToken">Seconds of a training pass for each token in each block.</param>
/// <param name="TrainTokenWeight">Seconds of a training pass for each token and weight.</param>
/// <param name="DecodeBlock">Seconds of a decoding step for each block.</param>
/// <param name="DecodeTokenWeight">Seconds of a decoding step for each sequence and weight.</param>
/// <param name="DecodeBatch">Sequences that are decoded together at most.</param>
public sealed record MachineSpeed(double TrainBlock, double TrainBlockToken, double TrainTokenWeight, double DecodeBlock, double DecodeTokenWeight, int DecodeBatch)
{
    /// <summary>Share of a training pass that goes forward: of four products with a frozen weight's size (there and back, twice) about one half is the way there.</summary>
    public const double ForwardShare = 0.5;
}
