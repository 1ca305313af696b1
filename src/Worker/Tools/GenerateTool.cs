using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Templates;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;
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
        var chat = options.Flag("chat") || options.Has("chat_template") || options.Has("system");
        var named = options.TextOrNull("chat_template") is { } chatName ? NamedChatTemplates.Get(chatName) : null;
        var system = options.TextOrNull("system");
        var spec = options.Record<DecodingSpec>("decoding");
        var seed = options.Long("seed", 0);
        var answers = options.Count("num_return_sequences", 1);
        var logprobs = options.CountOrNull("logprobs", least: 0);
        var threads = options.CountOrNull("threads");
        options.Done();

        Threads.Count = threads ?? Environment.ProcessorCount;
        if (adapterFolder is not null) ModelTools.RequireFit(model.Path, adapterFolder, job.Folders);
        var loaded = context.State.Base(model, job.Folders);
        var decoding = Decodings.Of(spec, loaded.Tokenizer, seed) with { NumReturnSequences = answers, Logprobs = logprobs };
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        // A merged model brings the template of its adapter along.
        var template = raw || chat ? null : adapterFolder is null ? TemplateFile.Load(loaded.Path) : TemplateFile.Resolve(adapterFolder);
        if (chat && TemplateFile.Load(adapterFolder ?? loaded.Path) is { } own)
            throw new ToolException($"{adapterFolder ?? loaded.Path} was trained with the template {own.Name} and is asked by it: leave --chat, --chat-template and --system out");
        using var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank, new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) });
        var ids = chat ? ChatIds(loaded, named, system, prompt) : ExampleBuilder.PromptIds(loaded.Tokenizer, template?.Prompt(prompt) ?? prompt);
        var began = context.Time.GetTimestamp();
        var generation = engine.Generate([new GenerationRequest("prompt", ids, member, decoding)], cancellation: context.Stop)[0];
        var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
        string TextOf(Answer answer) => chat ? answer.Text : template is null ? prompt + answer.Text : template.AnswerOf(answer.Text);
        object Told(LikelyToken token) => new { token = loaded.Tokenizer.Token(token.Id), id = token.Id, logprob = token.Logprob };
        var tokens = generation.Answers.Sum(answer => answer.Ids.Count);
        context.Answer(
            new
            {
                text = TextOf(generation.Answers[0]), continuation = generation.Text, ids = generation.Ids, finish_reason = generation.FinishReason, prompt_tokens = ids.Length,
                new_tokens = tokens, tokens_per_s = Math.Round(tokens / Math.Max(seconds, 1e-9), 1),
                answers = generation.Answers.Select(answer => new
                {
                    text = TextOf(answer), continuation = answer.Text, ids = answer.Ids, finish_reason = answer.FinishReason, score = answer.Score,
                    logprobs = answer.Logprobs?.Select(token => new { token = loaded.Tokenizer.Token(token.Id), id = token.Id, logprob = token.Logprob, top = token.Top.Select(Told) }),
                }),
            },
            generation.Answers.Count == 1 ? TextOf(generation.Answers[0]) : string.Join("\n\n", generation.Answers.Select((answer, i) => $"[{i + 1}] {TextOf(answer)}")));
    }

    /// <summary>The ids of a conversation of one question, by the model's own chat template or a named one.</summary>
    private static int[] ChatIds(LoadedBase model, NamedChatTemplate? named, string? system, string prompt)
    {
        var template = named?.Template ?? ChatTemplateFile.Load(model.Path)
            ?? throw new ToolException($"{model.Path} brings no chat template; name one: --chat-template {string.Join(", ", NamedChatTemplates.All.Select(known => known.Name))}");
        JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
        var variables = new JsonObject();
        foreach (var (name, id) in new[] { ("bos_token", model.Tokenizer.BosId), ("eos_token", model.Tokenizer.EosId) })
            if (id is { } token) variables[name] = model.Tokenizer.Token(token);
        var rendered = template.Render([.. system is null ? [] : new[] { Message("system", system) }, Message("user", prompt)], new ChatOptions { AddGenerationPrompt = true, Variables = variables });
        return model.Tokenizer.Encode(rendered.Text, new EncodeOptions(AddSpecialTokens: named is { TokenizerBegins: true }));
    }
}
