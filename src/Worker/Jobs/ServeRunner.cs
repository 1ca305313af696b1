using System.Collections.Concurrent;
using AlpacaCot.Adapters;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Keeps a base loaded, with the adapters that it is asked through, and answers requests until it is stopped; requests run side by side in the engine's batch.</summary>
internal static class ServeRunner
{
    /// <summary>Serves.</summary>
    public static void Run(ServeJob job, JobContext context)
    {
        Threads.Count = job.Threads;
        context.Beat(WorkPhases.Load);
        var loaded = context.State.Base(job.Base, job.Folders);
        var bank = new AdapterBank(loaded.Decoder);
        var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank, new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) });
        // The engine ends first: its thread may still be in a step that uses an adapter.
        using var adapters = new HotAdapters(loaded, bank, engine);
        using var ended = engine;
        var running = new ConcurrentDictionary<string, CancellationTokenSource>(StringComparer.Ordinal);
        context.Progress("serve", 1, 1, note: "ready");
        var loop = ServeAsync();
        loop.GetAwaiter().GetResult();

        async Task ServeAsync()
        {
            try
            {
                await foreach (var command in context.Commands.ReadAllAsync(context.Stop))
                    switch (command)
                    {
                        case GenerateCommand request:
                            _ = AnswerAsync(request);
                            break;
                        case CancelCommand cancel when running.TryRemove(cancel.Assignment, out var stop):
                            await stop.CancelAsync();
                            break;
                    }
            }
            finally
            {
                foreach (var stop in running.Values) await stop.CancelAsync();
            }
        }

        WrittenToken Written(TokenLogprob token)
            => new(token.Id, loaded.Tokenizer.Token(token.Id), token.Logprob, [.. token.Top.Select(other => new WrittenToken(other.Id, loaded.Tokenizer.Token(other.Id), other.Logprob, []))]);

        async Task AnswerAsync(GenerateCommand request)
        {
            var stop = running[request.Request] = new CancellationTokenSource();
            void Tell(RequestTokens tokens) => context.Send(new TokensEvent(context.Assignment, context.Fence, [tokens]));
            long sequence = 0;
            var taken = false;
            try
            {
                // Off the loop of commands, which must go on while an adapter is loaded.
                var (member, template) = await Task.Run(() => adapters.Take(request.Adapter, request.Template));
                taken = true;
                if (request.Raw) template = null;
                var decoding = Decodings.Of(request.Decoding, loaded.Tokenizer, request.Seed) with { NumReturnSequences = request.Answers, Logprobs = request.Logprobs };
                var asked = Questions.Ask(loaded.Tokenizer, template, request.Prompt, request.Raw ? null : request.Cue, decoding);
                var generation = new GenerationRequest(request.Request, asked.Ids, member, asked.Decoding);
                var begun = new HashSet<int>();
                RequestTokens? ended = null;
                await foreach (var chunk in engine.InferAsync(generation, stop.Token))
                {
                    // What the template puts before an answer is no part of it.
                    var shown = template is not null && chunk.Text.Length > 0 && begun.Add(chunk.Answer) ? template.AnswerOf(chunk.Text) : chunk.Text;
                    var tokens = new RequestTokens(request.Request, chunk.Seq, chunk.Ids, shown, chunk.FinishReason, Answer: chunk.Answer, Logprobs: chunk.Logprobs?.Select(Written).ToList(), Score: chunk.Score);
                    sequence = chunk.Seq;
                    if (ended is not null) Tell(ended with { More = true });
                    ended = chunk.FinishReason is null ? null : tokens;
                    if (ended is null) Tell(tokens);
                }
                // Only the stream's end tells that an answer was the last one.
                if (ended is not null) Tell(ended);
            }
            catch (OperationCanceledException)
            {
                Tell(new RequestTokens(request.Request, sequence + 1, [], "", "cancelled"));
            }
            catch (Exception e)
            {
                // Whatever goes wrong with one request is its answer; the others go on.
                Tell(new RequestTokens(request.Request, sequence + 1, [], "", "error", Failures.Describe(e)));
            }
            finally
            {
                running.TryRemove(request.Request, out _);
                if (taken) adapters.Return(request.Adapter);
            }
        }
    }
}
