namespace AlpacaCot.Tokenizers.ChatTemplates;

/// <summary>A chat template that cannot be read, or refuses a conversation.</summary>
/// <param name="type">What kind of error, in the words of Jinja and Python: <c>TemplateError</c> where the template itself raised it.</param>
/// <param name="message">The message; a template's own is passed on as it is.</param>
public sealed class ChatTemplateException(string type, string message) : TokenizerException(message)
{
    /// <summary>The type of an error that the template raised by <c>raise_exception</c>.</summary>
    public const string Raised = "TemplateError";

    /// <summary>The kind of error.</summary>
    public string Type { get; } = type;
}
