namespace AlpacaCot.Tokenizers;

/// <summary>What a tokenizer's files may ask for: far more than published ones do, and little enough for any machine.</summary>
internal static class TokenizerLimits
{
    /// <summary>Bytes of a file; the largest published tokenizer.json has 35 million.</summary>
    public const int LargestFile = 128 << 20;

    /// <summary>Ids; the largest published vocabulary has 1.1 million. Tables are as long as the largest id.</summary>
    public const int MostTokens = 1 << 21;

    /// <summary>Characters of a token, a replacement or a prefix. Every way to cut a token in two is looked at, so that the time grows with its square.</summary>
    public const int LongestToken = 2048;

    /// <summary>Objects of a normalizer, a pre-tokenizer or a decoder, those inside one another included: each may go over the whole text.</summary>
    public const int MostParts = 256;

    /// <summary>Objects of a post-processor, which lists special tokens.</summary>
    public const int MostPostProcessorParts = 4096;

    /// <summary>Tokens that are put around a text.</summary>
    public const int MostAround = 1024;

    /// <summary>Characters that one token may become when it is decoded.</summary>
    public const int LongestDecoded = 1 << 20;

    /// <summary>The most characters that a text may become on its way to tokens. NFKD makes at most 18 of one, Unicode's own bound.</summary>
    public static int MostOf(int length) => (int)Math.Min(1 << 30, (1L << 16) + 64L * length);

    /// <summary>Refuses text that has become too long.</summary>
    /// <exception cref="TokenizerException">It has.</exception>
    public static void Check(long length, int most)
    {
        if (length > most) throw new TokenizerException($"the tokenizer makes more than {most} characters of a text: its replacements grow without bound");
    }

    /// <summary>A token's text.</summary>
    /// <exception cref="TokenizerException">It is too long.</exception>
    public static string Token(string text)
        => text.Length <= LongestToken ? text : throw new TokenizerException($"a token of {text.Length} characters is longer than {LongestToken}");
}
