using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

internal static class PretrainTool
{
    public static void Run(ToolOptions options, ToolJob job, JobContext context) => throw new ToolException("pending");
}
