using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Templates;

/// <summary>The forms that a spec can name: the prompt templates, and chat templates as <c>chat</c> (the model's own) or <c>chat:vicuna</c>.</summary>
public static class ConversationForms
{
    /// <summary>The form that says the same in a language; the form itself where no language is asked for.</summary>
    /// <exception cref="DatasetException">It has no such form: a chat template has one wording.</exception>
    public static IConversationForm In(IConversationForm form, string? language) => form switch
    {
        _ when language is null => form,
        PromptTemplate template => PromptTemplates.In(template, language),
        _ => throw new DatasetException($"template {form.Name}: has no form in the language {language}"),
    };

    /// <summary>The form of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="tokenizer">The tokenizer that it is for.</param>
    /// <param name="model">The model's folder, which may bring a chat template; null where there is none.</param>
    /// <exception cref="DatasetException">There is none; the message lists the known ones.</exception>
    public static IConversationForm Get(string name, ITokenizer tokenizer, string? model)
    {
        if (name.StartsWith(TemplateNames.NamedChat, StringComparison.Ordinal))
        {
            var named = NamedChatTemplates.Get(name[TemplateNames.NamedChat.Length..]);
            return new ChatForm(name, named.Template, tokenizer, named.TokenizerBegins);
        }
        if (name != TemplateNames.Chat) return PromptTemplates.Get(name);
        return Own(model) is { } own
            ? new ChatForm(name, own, tokenizer, tokenizerBegins: false)
            : throw new DatasetException($"template {name}: {model ?? "the tokenizer"} brings no chat template; name one: {string.Join(", ", NamedChatTemplates.All.Select(known => TemplateNames.NamedChat + known.Name))}");
    }

    /// <summary>SHA-256 (hex) of the chat template that a model's folder brings; null where it brings none.</summary>
    /// <exception cref="DatasetException">It brings one that cannot be read.</exception>
    public static string? OwnHash(string? model) => Own(model) is { } own ? ChatForm.HashOf(own, tokenizerBegins: false) : null;

    private static ChatTemplate? Own(string? model)
    {
        try
        {
            return model is null || !Directory.Exists(model) ? null : ChatTemplateFile.Load(model);
        }
        catch (Exception e) when (e is ChatTemplateException or TokenizerException)
        {
            throw new DatasetException(e.Message, e);
        }
    }
}
