using AlpacaCot.Inference.Sampling;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>A row of a decode step: a sequence of the KV cache and the token that it is fed next.</summary>
/// <param name="CacheSequence">Its number in the cache.</param>
/// <param name="Next">The token to feed; none before the prompt is read.</param>
/// <param name="Position">The token's position; before the prompt is read, how many of its first tokens are held already.</param>
internal readonly record struct DecodeRow(int CacheSequence, int Next, int Position);

/// <summary>One request on its way through the engine: the rows of its answers.</summary>
internal abstract class ActiveRequest(AdmittedRequest facts)
{
    /// <summary>What it brought.</summary>
    public AdmittedRequest Facts { get; } = facts;

    /// <summary>Most rows that it has at once.</summary>
    public abstract int Width { get; }

    /// <summary>Most tokens it can come to: what it reserves of the cache.</summary>
    public int Reservation => Width * (Facts.Prompt.Length + Facts.Limit);

    /// <summary>Whether whole rows of logits are needed; otherwise the largest of each is enough.</summary>
    public abstract bool NeedsLogits { get; }

    /// <summary>Its rows; one, without a token, before the prompt is read, none when it is done.</summary>
    public List<DecodeRow> Rows { get; } = [];

    /// <summary>Processes the model's output for the next token of an answer.</summary>
    protected LogitsPipeline Pipeline { get; } = new(facts.Decoding, facts.EndIds, facts.Prompt.Length, facts.Prompt.Length + facts.Limit);

    /// <summary>Chooses tokens.</summary>
    /// <param name="logits">What the model said.</param>
    /// <param name="first">Row of the logits that belongs to the first of <see cref="Rows"/>; the others follow it.</param>
    /// <param name="cache">Where the rows' keys and values are.</param>
    /// <returns>Whether the request is done with it.</returns>
    /// <exception cref="InferenceException">There is no token to choose.</exception>
    public abstract bool Take(StepLogits logits, int first, KvCache cache);

    /// <summary>All tokens of a row's sequence, with the one that it is fed next.</summary>
    public abstract int[] TokensOf(int row);

    /// <summary>Ends the request from outside with what there is.</summary>
    public abstract void Cancel();

    /// <summary>Makes room in the cache before the prompt is read.</summary>
    public void Open(KvCache cache) => Rows.Add(new DecodeRow(cache.Allocate(Facts.Prompt.Length), -1, 0));

    /// <summary>Gives the rows' room back.</summary>
    public void Close(KvCache cache)
    {
        foreach (var row in Rows) cache.Free(row.CacheSequence);
        Rows.Clear();
    }

    /// <summary>The error of an answer whose settings have removed every token.</summary>
    protected InferenceException NothingLeft(int newTokens)
        => new($"request {Facts.Request.Id}: after {newTokens} new tokens the decoding settings leave no token to write: suppress, ban or cut less");
}
