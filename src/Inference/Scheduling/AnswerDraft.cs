using System.Runtime.InteropServices;
using AlpacaCot.Inference.Sampling;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>One answer while it grows token by token.</summary>
/// <param name="facts">The request that it answers.</param>
/// <param name="number">Its number among the request's answers.</param>
internal sealed class AnswerDraft(AdmittedRequest facts, int number)
{
    private readonly List<int> _context = [.. facts.Prompt];
    private readonly StreamedText? _streamed = facts.OnChunk is null ? null : new StreamedText(facts.Tokenizer, facts.Decoding.StopStrings);
    private readonly List<TokenLogprob>? _logprobs = facts.Decoding.Logprobs is null ? null : [];

    /// <summary>Draws its tokens.</summary>
    public Sampler Sampler { get; } = new(facts.Decoding.Seed, number);

    /// <summary>The new ids so far.</summary>
    public List<int> Ids { get; } = [];

    /// <summary>Prompt and new ids.</summary>
    public ReadOnlySpan<int> Context => CollectionsMarshal.AsSpan(_context);

    /// <summary>The answer once it has ended.</summary>
    public Answer? Answer { get; private set; }

    /// <summary>Takes a chosen token; true when the answer ends with it.</summary>
    public bool Take(int id, TokenLogprob? logprob)
    {
        Ids.Add(id);
        _context.Add(id);
        if (logprob is not null) _logprobs!.Add(logprob);
        _streamed?.Append(id);
        if (facts.ReasonToEnd(CollectionsMarshal.AsSpan(Ids)) is { } reason)
        {
            End(reason, id);
            return true;
        }
        facts.OnChunk?.Invoke(new TokenChunk(0, [id], _streamed!.Show(), null, Usage, number, _logprobs is null ? null : [_logprobs[^1]]));
        return false;
    }

    private TokenUsage Usage => new(facts.Prompt.Length, Ids.Count);

    /// <summary>Ends the answer; of the ids, the last ones have not been streamed.</summary>
    public void End(string reason, params int[] lastIds)
    {
        Answer = facts.AnswerOf(Ids, reason, null, _logprobs);
        facts.OnChunk?.Invoke(new TokenChunk(0, lastIds, _streamed!.Rest(Answer.Text), reason, Usage, number, _logprobs is null ? null : [.. _logprobs.TakeLast(lastIds.Length)]));
    }
}
