namespace AlpacaCot.Tokenizers;

/// <summary>A tokenizer file that cannot be read, or a request that it cannot serve; the message names the file or the part and the fix.</summary>
public class TokenizerException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line that names the file or the part and the fix.</param>
    /// <param name="inner">What caused it.</param>
    public TokenizerException(string message, Exception? inner = null) : base(message.ReplaceLineEndings(" "), inner) { }
}

/// <summary>A well-formed tokenizer file uses a part (a model, a normalizer, a pattern) that this library does not know.</summary>
public sealed class UnsupportedTokenizerException : TokenizerException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="part">What is not known, by its name in the file.</param>
    /// <param name="known">What would be.</param>
    public UnsupportedTokenizerException(string part, string known) : base($"{part} is not supported; known: {known}") { }

    private UnsupportedTokenizerException(string message, UnsupportedTokenizerException inner) : base(message, inner) { }

    internal UnsupportedTokenizerException In(string file) => new($"{file}: {Message}", this);
}
