using AlpacaCot.Inference.Sampling;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>One request on its way through the engine.</summary>
internal sealed class ActiveSequence
{
    private readonly HashSet<int> _stopIds;
    private readonly AnswerText _text;
    private readonly Action<TokenChunk>? _onChunk;
    private readonly Action<Generation> _onFinished;
    private readonly int _limit;
    private long _seq;

    public ActiveSequence(GenerationRequest request, int[] prompt, int window, ITokenizer tokenizer, IEnumerable<int> endIds,
        Action<TokenChunk>? onChunk, Action<Generation> onFinished, Action<Exception> onFailed, CancellationToken cancellation)
    {
        Request = request;
        Prompt = prompt;
        Cancellation = cancellation;
        Sampler = new Sampler(request.Decoding);
        Failed = onFailed;
        _text = new AnswerText(tokenizer, request.Decoding.StopStrings, onChunk is not null);
        _onChunk = onChunk;
        _onFinished = onFinished;
        _limit = Math.Min(request.Decoding.MaxNewTokens, window - prompt.Length);
        _stopIds = [.. request.Decoding.StopTokenIds];
        if (!request.Decoding.IgnoreEos) _stopIds.UnionWith(endIds);
    }

    public GenerationRequest Request { get; }

    public int[] Prompt { get; }

    public CancellationToken Cancellation { get; }

    public Sampler Sampler { get; }

    public Action<Exception> Failed { get; }

    /// <summary>The new ids so far.</summary>
    public List<int> NewIds { get; } = [];

    /// <summary>Its number in the KV cache while it runs.</summary>
    public int CacheSequence { get; set; } = -1;

    /// <summary>Most tokens it can come to: what it reserves of the cache.</summary>
    public int Reservation => Prompt.Length + _limit;

    /// <summary>The token to be fed next and its position.</summary>
    public (int Id, int Position) Next => (NewIds[^1], Prompt.Length + NewIds.Count - 1);

    /// <summary>Prompt and new ids, for penalties.</summary>
    public IEnumerable<int> Seen => Prompt.Concat(NewIds);

    /// <summary>Takes a chosen token; true when the sequence is done with it.</summary>
    public bool Take(int id)
    {
        NewIds.Add(id);
        string? reason = null;
        if (_stopIds.Contains(id)) reason = FinishReasons.Stop;
        else if (_text.Append(NewIds)) reason = FinishReasons.Stop;
        else if (NewIds.Count >= _limit) reason = FinishReasons.Length;
        if (reason is not null)
        {
            Finish(reason, [id]);
            return true;
        }
        _onChunk?.Invoke(new TokenChunk(_seq++, [id], _text.Show(), null, Usage));
        return false;
    }

    /// <summary>Ends the sequence from outside (cancelled).</summary>
    public void Cancel() => Finish(FinishReasons.Cancelled, []);

    private TokenUsage Usage => new(Prompt.Length, NewIds.Count);

    private void Finish(string reason, int[] lastIds)
    {
        // The token that ends the answer is no part of its text, also where it is no special token.
        var ids = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(NewIds);
        if (ids.Length > 0 && reason == FinishReasons.Stop && _stopIds.Contains(ids[^1])) ids = ids[..^1];
        var full = _text.Full(ids);
        var text = _text.Cut(full);
        _onChunk?.Invoke(new TokenChunk(_seq++, lastIds, _text.Rest(text), reason, Usage));
        _onFinished(new Generation(Request.Id, [.. NewIds], text, full, reason, Prompt.Length));
    }
}
