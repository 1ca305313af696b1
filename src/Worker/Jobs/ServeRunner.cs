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

        async Task AnswerAsync(GenerateCommand request)
        {
            var stop = running[request.Request] = new CancellationTokenSource();
            void Tell(long sequence, IReadOnlyList<int> ids, string text, string? finish, string? error = null)
                => context.Send(new TokensEvent(context.Assignment, context.Fence, [new RequestTokens(request.Request, sequence, ids, text, finish, error)]));
            long sequence = 0;
            var taken = false;
            try
            {
                // Off the loop of commands, which must go on while an adapter is loaded.
                var (member, template) = await Task.Run(() => adapters.Take(request.Adapter, request.Template));
                taken = true;
                if (request.Raw) template = null;
                var asked = Questions.Ask(loaded.Tokenizer, template, request.Prompt, request.Raw ? null : request.Cue, Decodings.Of(request.Decoding, loaded.Tokenizer, request.Seed));
                var generation = new GenerationRequest(request.Request, asked.Ids, member, asked.Decoding);
                var first = template is not null;
                await foreach (var chunk in engine.InferAsync(generation, stop.Token))
                {
                    // What the template puts before an answer is no part of it.
                    var shown = first && chunk.Text.Length > 0 ? template!.AnswerOf(chunk.Text) : chunk.Text;
                    if (chunk.Text.Length > 0) first = false;
                    sequence = chunk.Seq;
                    Tell(chunk.Seq, chunk.Ids, shown, chunk.FinishReason);
                }
            }
            catch (OperationCanceledException)
            {
                Tell(sequence + 1, [], "", "cancelled");
            }
            catch (Exception e)
            {
                // Whatever goes wrong with one request is its answer; the others go on.
                Tell(sequence + 1, [], "", "error", Failures.Describe(e));
            }
            finally
            {
                running.TryRemove(request.Request, out _);
                if (taken) adapters.Return(request.Adapter);
            }
        }
    }
}
