using AlpacaCot.Adapters;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
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
        var greedy = options.Flag("greedy");
        var temperature = options.DoubleOrNull("temperature");
        if (greedy && temperature is not null) throw new ToolException("--greedy and --temperature exclude each other");
        var decoding = new Inference.DecodingSettings
        {
            Strategy = temperature is null ? DecodingStrategy.Greedy : DecodingStrategy.Sample,
            Temperature = temperature ?? 1,
            TopP = options.RangeOrNull("top_p", 0, 1, above: true) ?? 1,
            TopK = options.Count("top_k", 0, least: 0),
            Seed = options.Long("seed", 0),
            MaxNewTokens = options.Count("max_new_tokens", 128),
            StopStrings = options.Texts("stop"),
        };
        var threads = options.CountOrNull("threads");
        options.Done();
        if (temperature is null && (decoding.TopP < 1 || decoding.TopK > 0)) throw new ToolException("--top-p and --top-k have no effect on greedy decoding: give a --temperature, or leave them out");

        Threads.Count = threads ?? Environment.ProcessorCount;
        var loaded = context.State.Base(model, job.Folders);
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        // A merged model brings the template of its adapter along.
        var template = raw ? null : adapterFolder is null ? TemplateFile.Load(loaded.Path) : TemplateFile.Resolve(adapterFolder);
        using var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank);
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
