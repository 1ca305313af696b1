using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Sampling;

/// <summary>What the model said in one step: a row of logits for each sequence, or of each only the largest where nobody needs more.</summary>
internal sealed class StepLogits
{
    private readonly Decoder _decoder;
    private readonly int[] _best;
    private readonly float[] _largest;
    private readonly float[]? _values;
    private readonly int _vocabulary;

    /// <summary>Takes the logits <c>[rows, vocabulary]</c> out of the tensor.</summary>
    public StepLogits(Decoder decoder, Tensor logits, bool whole)
    {
        _decoder = decoder;
        _vocabulary = (int)logits.size(1);
        _best = new int[logits.size(0)];
        _largest = new float[_best.Length];
        if (whole) _values = logits.ToArray<float>();
        else Functional.ArgMax(logits, _best, _largest);
    }

    /// <summary>The most likely token of a row; the smaller id wins a tie.</summary>
    public int Best(int row) => _values is null ? _best[row] : Sampler.ArgMax(Scores(row));

    /// <summary>A row's logits.</summary>
    public ReadOnlySpan<float> Scores(int row) => _values.AsSpan(row * _vocabulary, _vocabulary);

    /// <summary>Refuses a row whose logits are no numbers, unless the request wants them replaced.</summary>
    /// <exception cref="NonFiniteLogitsException">They are not, with the cause as far as it can be seen.</exception>
    public void RequireFinite(int row, GenerationRequest request, int newTokens)
    {
        // A NaN counts as the largest, as +∞ does, and −∞ is the largest only where there is nothing else: one value tells about the row.
        if (request.Decoding.RemoveInvalidValues || (_values is null ? float.IsFinite(_largest[row]) : FiniteValues.All(Scores(row)))) return;
        throw new NonFiniteLogitsException(0, $"request {request.Id}: after {newTokens} new tokens {NonFiniteLogits.Explain(_decoder)}");
    }
}
