using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AlpacaCot.Inference.Scheduling;
using AlpacaCot.Inference.Scoring;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Inference;

/// <summary>
/// One engine for generating and for scoring, with an adapter per request over one base: continuous batching over packed rows and a KV cache
/// (Yu et al., 2022). What a request gets does not depend on what else runs.
/// </summary>
/// <remarks>Thread-safe: all model work happens on one thread of the engine's own. The decoder, the tokenizer and the bank stay the caller's.</remarks>
public sealed class InferenceEngine : IDisposable
{
    private readonly EngineThread _thread;
    private readonly Scheduler _scheduler;
    private readonly Scorer _scorer;
    private readonly EngineOptions _options;
    private readonly HashSet<int> _endIds;
    private readonly IAdapterHooks? _bank;

    /// <summary>Creates an engine over a decoder.</summary>
    /// <param name="decoder">The base model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="bank">The adapters that requests name by member index, or null for the bare base.</param>
    /// <param name="options">Limits; the defaults where null.</param>
    /// <exception cref="InferenceException">The tokenizer has more ids than the model has rows.</exception>
    public InferenceEngine(Decoder decoder, ITokenizer tokenizer, IAdapterHooks? bank = null, EngineOptions? options = null)
    {
        if (tokenizer.VocabularySize > decoder.Config.VocabularySize)
            throw new InferenceException($"the tokenizer has {tokenizer.VocabularySize} ids, the model {decoder.Config.VocabularySize} rows: they do not belong together");
        Decoder = decoder;
        _bank = bank;
        Tokenizer = tokenizer;
        _options = options ?? new EngineOptions();
        MaxLength = _options.MaxLength ?? decoder.Config.MaxPositions;
        // A chat model ends a turn by another token than a text; configurations list both.
        _endIds = [.. decoder.Config.EosTokenIds];
        if (tokenizer.EosId is { } eos) _endIds.Add(eos);
        _scorer = new Scorer(decoder, bank, _options, MaxLength);
        var runner = new ModelRunner(decoder, bank);
        _scheduler = new Scheduler(runner, _options);
        _thread = new EngineThread(_scheduler, runner.Dispose);
        // libtorch counts threads per calling thread: the engine's shall use as many as the caller set.
        var threads = Threads.Count;
        _thread.Post(() => Threads.Count = threads);
    }

    /// <summary>The base model.</summary>
    public Decoder Decoder { get; }

    /// <summary>The tokenizer that texts are decoded with.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The window in tokens: prompt and answer together.</summary>
    public int MaxLength { get; }

    /// <summary>The window that is left to a member's own tokens behind its virtual ones.</summary>
    public int WindowOf(int member) => MaxLength - (_bank?.Prefix(member).Count ?? 0);

    /// <summary>Generates all requests, batched; results in the order given.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="progress">Told how many are finished, from the engine's thread.</param>
    /// <param name="cancellation">Ends the generations at the next token.</param>
    /// <exception cref="InferenceException">A request cannot be served; none has been started then.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<Generation> Generate(
        IReadOnlyList<GenerationRequest> requests, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        if (requests.Count == 0) return [];
        var results = new Generation[requests.Count];
        var remaining = requests.Count;
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sequences = requests.Select((request, i) => Prepare(request, null, generation =>
        {
            results[i] = generation;
            remaining--;
            progress?.Invoke(requests.Count - remaining);
            if (remaining == 0) finished.TrySetResult();
        }, e => finished.TrySetException(e), cancellation)).ToList();
        // All at once, so that the batches are composed the same way every time.
        _thread.Post(() => sequences.ForEach(Enqueue));
        finished.Task.GetAwaiter().GetResult();
        cancellation.ThrowIfCancellationRequested();
        return results;
    }

    /// <summary>Generates one request as a stream; the last chunk of each answer has a finish reason. Leaving the loop early ends the generation.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Ends the generation at the next token: the last chunk says <c>cancelled</c>.</param>
    /// <exception cref="InferenceException">The request cannot be served, or too many wait.</exception>
    public async IAsyncEnumerable<TokenChunk> InferAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var chunks = Channel.CreateUnbounded<TokenChunk>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var number = 0L;   // counted on the engine's thread, over all answers of the request
        var sequence = Prepare(request, chunk => chunks.Writer.TryWrite(chunk with { Seq = number++ }), _ => chunks.Writer.TryComplete(), e => chunks.Writer.TryComplete(e), abandoned.Token);
        _thread.Post(() => Enqueue(sequence));
        try
        {
            // Not cancelled itself: the last chunk, which says so, is still to come.
            await foreach (var chunk in chunks.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false)) yield return chunk;
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Log-likelihoods of continuations after their contexts; results in the order given.</summary>
    /// <remarks>
    /// The model is fed the last (window + 1) ids of context and continuation without the last one; log-softmax in fp32, as lm-eval does.
    /// </remarks>
    /// <param name="requests">The requests.</param>
    /// <param name="progress">Told how many are scored, from the engine's thread.</param>
    /// <param name="cancellation">Stops between forward passes.</param>
    /// <exception cref="InferenceException">A context or a continuation is empty, or a continuation is longer than the window.</exception>
    /// <exception cref="NonFiniteLogitsException">The logits of a request are not finite.</exception>
    public IReadOnlyList<Score> LogLikelihoods(
        IReadOnlyList<ScoreRequest> requests, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var request in requests)
        {
            if (request.Context.Length == 0) throw new InferenceException("a context to score after is empty: put the BOS or EOS token there");
            if (request.Continuation.Length == 0) throw new InferenceException("a continuation to score is empty");
            if (WindowOf(request.Member) is var window && request.Continuation.Length > window)
                throw new InferenceException($"a continuation of {request.Continuation.Length} tokens does not fit the window of {window}: score it in rolling windows");
            CheckIds(request.Context);
            CheckIds(request.Continuation);
        }
        return requests.Count == 0 ? [] : _thread.Run(() => _scorer.Score(requests, progress, cancellation));
    }

    /// <summary>Log-likelihoods of whole texts of any length, in disjoint windows (<see cref="RollingWindows"/>).</summary>
    /// <param name="texts">Ids of the texts.</param>
    /// <param name="prefixId">What the first id is predicted from: BOS, else EOS.</param>
    /// <param name="member">The adapter to use; -1 is the bare base.</param>
    /// <param name="progress">Told how many windows are scored, from the engine's thread.</param>
    /// <param name="cancellation">Stops between forward passes.</param>
    /// <exception cref="NonFiniteLogitsException">The logits of a text are not finite; its request is the text.</exception>
    public IReadOnlyList<RollingScore> RollingLogLikelihoods(
        IReadOnlyList<int[]> texts, int prefixId, int member = -1, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        var windows = texts.Select(ids => RollingWindows.Of(ids, prefixId, WindowOf(member))).ToList();
        // The request of a window is its text for whoever asks.
        var textOf = windows.SelectMany((text, index) => text.Select(_ => index)).ToList();
        IReadOnlyList<Score> scores;
        try
        {
            scores = LogLikelihoods([.. windows.SelectMany(w => w).Select(w => new ScoreRequest(w.Context, w.Predicted, member))], progress, cancellation);
        }
        catch (NonFiniteLogitsException e)
        {
            throw new NonFiniteLogitsException(textOf[e.Request], e.Message);
        }
        var at = 0;
        var results = new List<RollingScore>();
        foreach (var text in windows)
        {
            var parts = text.Select(w => new WindowScore(w.Context.Length, w.Predicted.Length, w.Context[0], scores[at++].Sum)).ToList();
            results.Add(new RollingScore(parts.Sum(p => p.Sum), parts));
        }
        return results;
    }

    /// <summary>Runs something on the engine's thread between two steps, when no model work is under way: adapters come into the bank, and leave it, so.</summary>
    public T BetweenSteps<T>(Func<T> job) => _thread.Run(job);

    /// <inheritdoc/>
    public void Dispose() => _thread.Dispose();

    private void Enqueue(ActiveRequest request)
    {
        if (_scheduler.Waiting >= _options.MaxQueue)
            request.Facts.OnFailed(new InferenceException($"{_scheduler.Waiting} requests wait already: try again later, or raise max_queue"));
        else _scheduler.Add(request);
    }

    private ActiveRequest Prepare(GenerationRequest request, Action<TokenChunk>? onChunk, Action<Generation> onFinished, Action<Exception> onFailed,
        CancellationToken cancellation)
    {
        if (request.Decoding.Validate() is { Count: > 0 } errors) throw new InferenceException($"request {request.Id}: {string.Join("; ", errors)}");
        if (request.Prompt.Length == 0) throw new InferenceException($"request {request.Id}: the prompt has no token");
        CheckIds(request.Prompt);
        CheckIds(request.Decoding.NamedIds);
        var prompt = request.Prompt;
        var window = WindowOf(request.Member);
        if (request.Overflow == PromptOverflow.TruncateLeft)
        {
            var room = window - request.Decoding.MaxNewTokens;
            if (room < 1) throw new InferenceException($"request {request.Id}: {request.Decoding.MaxNewTokens} new tokens leave no room for a prompt in the window of {window}");
            if (prompt.Length > room) prompt = prompt[^room..];
        }
        else if (prompt.Length >= window)
        {
            throw new InferenceException($"request {request.Id}: the prompt has {prompt.Length} tokens, the window {window}: shorten it");
        }
        var facts = new AdmittedRequest(request, prompt, window, Tokenizer, onChunk, onFinished, onFailed, cancellation)
        {
            EndIds = new HashSet<int>(request.Decoding.IgnoreEos ? request.Decoding.StopTokenIds : request.Decoding.StopTokenIds.Concat(_endIds)),
        };
        return request.Decoding.NumBeams > 1 ? new BeamAnswers(facts) : new IndependentAnswers(facts);
    }

    private void CheckIds(IEnumerable<int> ids)
    {
        foreach (var id in ids)
            if ((uint)id >= (uint)Decoder.Config.VocabularySize)
                throw new InferenceException($"token id {id} is outside the model's vocabulary of {Decoder.Config.VocabularySize}");
    }
}
