using System.Text.Json;
using AlpacaCot.Inference;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>The benchmarks that compute; each answers with JSON lines.</summary>
internal static class BenchTools
{
    /// <summary>LoRA training of a 40 M-parameter LLaMA.</summary>
    public static void Training(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
}
