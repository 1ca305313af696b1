namespace AlpacaCot.Data.Templates;

/// <summary>A part of a conversation's text. Parts are encoded apart and joined, so that the border of the loss is exact under every tokenizer.</summary>
/// <param name="Text">The text.</param>
/// <param name="Answer">Whether it is an answer of the assistant; everything else is what it is asked with.</param>
/// <param name="Learned">Whether it is learnt.</param>
public readonly record struct Piece(string Text, bool Answer, bool Learned);

/// <summary>How conversations become text: a prompt template or a chat template.</summary>
public interface IConversationForm
{
    /// <summary>Its name in a spec.</summary>
    string Name { get; }

    /// <summary>SHA-256 (hex) over everything that changes a text.</summary>
    string Hash { get; }

    /// <summary>Whether it writes special tokens into its text, which are to be recognised there; otherwise a text has none, whatever stands in it.</summary>
    bool WritesSpecialTokens { get; }

    /// <summary>Whether the tokenizer begins the first part with what it adds of its own (BOS).</summary>
    bool TokenizerBegins { get; }

    /// <summary>Whether an EOS id follows each answer; otherwise the form ends its answers with <see cref="AnswerEnd"/>, and one follows the last.</summary>
    bool EndsAnswersWithEos { get; }

    /// <summary>The parts of a conversation up to its last answer. A part that is no answer stands before each answer, empty where nothing does.</summary>
    /// <exception cref="DatasetException">The form cannot render the conversation.</exception>
    IReadOnlyList<Piece> Pieces(Conversation conversation);

    /// <summary>The parts of a question that waits for its answer, after worked examples and a system text (empty for none); the last part ends where the answer begins.</summary>
    /// <exception cref="DatasetException">The form cannot render it.</exception>
    IReadOnlyList<Piece> Asked(string instruction, IReadOnlyList<(string Instruction, string Answer)> examples, string system);

    /// <summary>What is learnt of an answer before its end: what the form puts in front, then the answer.</summary>
    string Response(string answer);

    /// <summary>The answer in a text that was generated after a question: without what the form puts in front.</summary>
    string AnswerOf(string generated);

    /// <summary>What the form itself ends an answer with (<c>&lt;|im_end|&gt;</c>); empty where an EOS id does.</summary>
    string AnswerEnd { get; }
}
