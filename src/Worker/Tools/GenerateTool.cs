using AlpacaCot.Adapters;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>generate</c>: continues a prompt once.</summary>
internal static class GenerateTool
{
    /// <summary>Runs the tool; the text is the prompt and its continuation, or the answer alone where the adapter or the model brings a template.</summary>
    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        var model = new BaseModel(options.Text("model"), options.TextOrNull("precision") ?? "");
        var prompt = options.Text("prompt");
        var adapterFolder = options.TextOrNull("adapter");
        var raw = options.Flag("raw");
        var decoding = Decodings.Of(options.Record<DecodingSpec>("decoding"), options.Long("seed", 0));
        var threads = options.CountOrNull("threads");
        options.Done();

        Threads.Count = threads ?? Environment.ProcessorCount;
        var loaded = context.State.Base(model, job.Folders);
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        // A merged model brings the template of its adapter along.
        var template = raw ? null : adapterFolder is null ? TemplateFile.Load(loaded.Path) : TemplateFile.Resolve(adapterFolder);
        using var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank, new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) });
        var ids = ExampleBuilder.PromptIds(loaded.Tokenizer, template?.Prompt(prompt) ?? prompt);
        var began = context.Time.GetTimestamp();
        var answer = engine.Generate([new GenerationRequest("prompt", ids, member, decoding)], cancellation: context.Stop)[0];
        var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
        var text = template is null ? prompt + answer.Text : template.AnswerOf(answer.Text);
        context.Answer(
            new
            {
                text, continuation = answer.Text, ids = answer.Ids, finish_reason = answer.FinishReason, prompt_tokens = ids.Length, new_tokens = answer.Ids.Count,
                tokens_per_s = Math.Round(answer.Ids.Count / Math.Max(seconds, 1e-9), 1),
            },
            text);
    }
}
