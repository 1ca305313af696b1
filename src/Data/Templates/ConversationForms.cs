using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Templates;

/// <summary>The forms that a spec can name: the prompt templates, and chat templates as <c>chat</c> (the model's own) or <c>chat:vicuna</c>.</summary>
public static class ConversationForms
{
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
        var own = model is null || !Directory.Exists(model) ? null : ChatTemplateFile.Load(model);
        return own is not null
            ? new ChatForm(name, own, tokenizer, tokenizerBegins: false)
            : throw new DatasetException($"template {name}: {model ?? "the tokenizer"} brings no chat template; name one: {string.Join(", ", NamedChatTemplates.All.Select(known => TemplateNames.NamedChat + known.Name))}");
    }
}
