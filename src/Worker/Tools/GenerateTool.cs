using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>generate</c>: continues a prompt once.</summary>
internal static class GenerateTool
{
    /// <summary>Runs the tool; the text is the prompt and its continuation, or the answer alone where the adapter or the model brings a template.</summary>
    public static void Run(ContinuePromptRequest request, WorkerFolders folders, JobContext context)
    {
        var (prompt, adapterFolder, named, system) = (request.Prompt, request.Adapter, request.ChatTemplate, request.System ?? "");
        var chat = request.Chat || named is not null || request.System is not null;
        if (named is not null) NamedChatTemplates.Get(named);

        Threads.Count = request.Threads ?? Environment.ProcessorCount;
        if (adapterFolder is not null) ModelTools.RequireFit(request.Model, adapterFolder, folders);
        var loaded = context.State.Base(new BaseModel(request.Model, request.Precision ?? ""), folders);
        var decoding = Decodings.Of(request.Decoding, loaded.Tokenizer, request.Seed) with { NumReturnSequences = request.Answers, Logprobs = request.Logprobs };
        var bank = new AdapterBank(loaded.Decoder);
        using var adapter = adapterFolder is null ? null : AdapterDirectory.Load(loaded.Decoder, adapterFolder);
        var member = adapter is null ? -1 : bank.Add(adapter);
        context.Remark(ModelTools.Remarks(loaded, adapter));
        // A merged model brings the template of its adapter along.
        var trained = request.Raw || chat ? null : adapterFolder is null ? TemplateFile.Load(loaded.Path) : TemplateFile.Resolve(adapterFolder);
        if (chat && TemplateFile.Load(adapterFolder ?? loaded.Path) is { } own)
            throw new ToolException($"{adapterFolder ?? loaded.Path} was trained with the template {own.Name} and is asked by it: leave --chat, --chat-template and --system out");
        using var engine = new InferenceEngine(loaded.Decoder, loaded.Tokenizer, bank, new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) });
        var template = chat ? ChatForm(loaded, named) : trained;
        var (ids, ending) = Questions.Ask(loaded.Tokenizer, template, prompt, null, decoding, system);
        var began = context.Time.GetTimestamp();
        var generation = engine.Generate([new GenerationRequest("prompt", ids, member, ending)], cancellation: context.Stop)[0];
        var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
        string TextOf(Answer answer) => template is null ? prompt + answer.Text : template.AnswerOf(answer.Text);
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

    /// <summary>The chat template of a name, or the model's own.</summary>
    private static IConversationForm ChatForm(LoadedBase model, string? named)
    {
        if (named is null && ConversationForms.OwnHash(model.Path) is null)
            throw new ToolException($"{model.Path} brings no chat template; name one: --chat-template {string.Join(", ", TemplateNames.NamedChats)}");
        return ConversationForms.Get(named is null ? TemplateNames.Chat : TemplateNames.NamedChat + named, model.Tokenizer, model.Path);
    }
}
