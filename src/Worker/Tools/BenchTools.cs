using AlpacaCot.Worker.Protocol;
namespace AlpacaCot.Worker.Tools;
internal static class BenchTools
{
    public static void Training(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
    public static void CoTraining(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
    public static void Decode(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
    public static void Tokenize(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
}
