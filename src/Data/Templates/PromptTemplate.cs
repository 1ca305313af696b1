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
    string ResponseMark)
{
    /// <summary>SHA-256 (hex) over everything that changes a prompt or an answer; the name does not.</summary>
    public string Hash { get; } = HashOf(PromptWithInput, PromptWithoutInput, ResponsePrefix);

    /// <summary>The prompt: text before the answer. An input that is empty or blank counts as none.</summary>
    public string Prompt(string instruction, string input = "")
        => Fill(string.IsNullOrWhiteSpace(input) ? PromptWithoutInput : PromptWithInput, instruction, input);

    /// <summary>The text that is learnt: the response prefix, then the output.</summary>
    public string Response(string output) => ResponsePrefix + output;

    /// <summary>The answer in a text that was generated after a prompt: without the response prefix.</summary>
    public string AnswerOf(string generated)
        => ResponsePrefix.Length > 0 && generated.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? generated[ResponsePrefix.Length..] : generated;

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
