using System.Buffers.Text;
using System.Globalization;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>
/// A tiktoken rank file: lines of base64 token bytes and rank. Ranks are ids, and the rule is to merge the neighbours whose concatenation has the lowest
/// rank, so that every way to cut a token into two tokens is a merge.
/// </summary>
internal static class TiktokenFile
{
    /// <summary>Reads a rank file.</summary>
    /// <exception cref="TokenizerException">A line is no token and rank.</exception>
    public static BpeModel Read(string path)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in TokenizerDirectory.ReadText(path).Split('\n').Select(line => line.TrimEnd('\r')))
        {
            number++;
            if (line.Length == 0) continue;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || !Base64.IsValid(line.AsSpan(0, space))
                || !int.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var rank))
                throw new TokenizerException($"line {number} is no base64 token and rank");
            if (rank >= TokenizerLimits.MostTokens) throw new TokenizerException($"line {number} has the rank {rank}, more than {TokenizerLimits.MostTokens}");
            vocabulary[TokenizerLimits.Token(string.Concat(Convert.FromBase64String(line[..space]).Select(ByteAlphabet.Character)))] = rank;
        }
        return BpeModel.OfRanks(vocabulary);
    }
}
