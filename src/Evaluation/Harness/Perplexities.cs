using System.Text;
using AlpacaCot.Evaluation.Python;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>Perplexity of texts from their rolling log-likelihoods, comparable between tokenizers.</summary>
public static class Perplexities
{
    /// <summary>Words of a text: pieces between runs of white space (an empty piece at an end counts, as in lm-eval).</summary>
    public static int Words(string text) => PythonText.WordPieces(text);

    /// <summary>UTF-8 bytes of a text.</summary>
    public static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>exp(−Σ log-likelihood / Σ units) over all texts: units are words or bytes.</summary>
    public static double PerUnit(double logLikelihood, long units) => Math.Exp(-logLikelihood / units);

    /// <summary>Bits per byte: −Σ log-likelihood / Σ bytes / ln 2.</summary>
    public static double BitsPerByte(double logLikelihood, long bytes) => -logLikelihood / bytes / Math.Log(2);
}
