using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// How a record becomes a prompt. One object serves training, evaluation and serving, and is stored with the adapter that it trained, because a
/// model asked in another form than it was taught answers worse.
/// </summary>
/// <param name="Name">Its name in a spec.</param>
/// <param name="PromptWithInput">The prompt of a record with an input; <c>{instruction}</c> and <c>{input}</c> are filled in.</param>
/// <param name="PromptWithoutInput">The prompt of a record without one.</param>
/// <param name="ResponsePrefix">What stands before every answer and is learnt with it (a space after <c>### Response:</c>); never part of a prompt.</param>
/// <param name="ResponseMark">What ends the prompt, by which an answer is found in whole text.</param>
public sealed partial record PromptTemplate(
    string Name,
    string PromptWithInput,
    string PromptWithoutInput,
    string ResponsePrefix,
    string ResponseMark) : IConversationForm
{
    bool IConversationForm.WritesSpecialTokens => false;

    bool IConversationForm.TokenizerBegins => true;

    bool IConversationForm.EndsAnswersWithEos => true;

    string IConversationForm.AnswerEnd => "";

    /// <summary>SHA-256 (hex) over everything that changes a prompt or an answer; the name does not.</summary>
    public string Hash { get; } = HashOf(PromptWithInput, PromptWithoutInput, ResponsePrefix);

    /// <summary>The prompt: text before the answer. An input that is empty or blank counts as none.</summary>
    public string Prompt(string instruction, string input = "")
        => Fill(string.IsNullOrWhiteSpace(input) ? PromptWithoutInput : PromptWithInput, instruction, input);

    /// <inheritdoc/>
    /// <remarks>A system text takes the place of the sentences before the first block; later questions repeat the blocks alone; a tool's answer stands where a question does.</remarks>
    public IReadOnlyList<Piece> Pieces(Conversation conversation)
    {
        var pieces = new List<Piece>();
        Turn? asked = null;
        foreach (var turn in conversation.Turns)
        {
            if (turn.Role == TurnRole.System) continue;
            if (turn.Role != TurnRole.Assistant)
            {
                asked = asked is null ? turn : new Turn(turn.Role, $"{asked.Whole}\n{turn.Whole}");
                continue;
            }
            var prompt = asked is null ? "" : pieces.Count == 0 ? First(conversation, asked) : Later(asked);
            pieces.Add(new Piece(prompt, Answer: false, Learned: false));
            pieces.Add(new Piece(Response(turn.Text), Answer: true, turn.Learned));
            asked = null;
        }
        return pieces;
    }

    /// <inheritdoc/>
    /// <remarks>Worked examples stand one after another, each through the whole template, and an empty line between.</remarks>
    public IReadOnlyList<Piece> Asked(string instruction, IReadOnlyList<(string Instruction, string Answer)> examples, string system)
        => [new Piece(system + string.Concat(examples.Select(example => Prompt(example.Instruction) + Response(example.Answer) + "\n\n")) + Prompt(instruction), Answer: false, Learned: false)];

    /// <summary>The text that is learnt: the response prefix, then the output.</summary>
    public string Response(string output) => ResponsePrefix + output;

    /// <summary>The answer in a text that was generated after a prompt: without the response prefix.</summary>
    public string AnswerOf(string generated)
        => ResponsePrefix.Length > 0 && generated.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? generated[ResponsePrefix.Length..] : generated;

    private string First(Conversation conversation, Turn asked)
    {
        var system = conversation.System;
        if (conversation.Tools.Length > 0)
        {
            if (system.Length == 0) system = PromptWithoutInput[..PrefaceLength(PromptWithoutInput)].TrimEnd();
            system = $"{system}{(system.Length > 0 ? "\n\n" : "")}You may call these tools, each by its name and arguments as JSON:\n{conversation.Tools}";
        }
        return system.Length == 0 ? Prompt(asked.Text, asked.Input) : $"{system}\n\n{Blocks(asked)}";
    }

    private string Later(Turn asked) => (PrefaceLength(PromptWithoutInput) > 0 || !PromptWithoutInput.StartsWith("{instruction}", StringComparison.Ordinal) ? "\n\n" : "\n") + Blocks(asked);

    /// <summary>The prompt without the sentences before its first block.</summary>
    private string Blocks(Turn asked)
    {
        var form = string.IsNullOrWhiteSpace(asked.Input) ? PromptWithoutInput : PromptWithInput;
        return Fill(form[PrefaceLength(form)..], asked.Text, asked.Input);
    }

    // The blocks begin after the last empty line before the instruction.
    private static int PrefaceLength(string form)
    {
        var at = form.IndexOf("{instruction}", StringComparison.Ordinal);
        var empty = at < 0 ? -1 : form[..at].LastIndexOf("\n\n", StringComparison.Ordinal);
        return empty < 0 ? 0 : empty + 2;
    }

    // In one pass, so that "{input}" written inside a user's instruction stays as it is.
    private static string Fill(string template, string instruction, string input)
        => Slot().Replace(template, slot => slot.Value == "{instruction}" ? instruction : input);

    private static string HashOf(params string[] parts)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            sha.AppendData(BitConverter.GetBytes(bytes.LongLength));
            sha.AppendData(bytes);
        }
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    [GeneratedRegex(@"\{instruction\}|\{input\}")]
    private static partial Regex Slot();
}
