using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>devices</c>: how many GPUs libtorch can use here. A silo asks before it offers them.</summary>
internal static class DevicesTool
{
    /// <summary>Runs the tool.</summary>
    public static void Run(ToolOptions options, ToolJob job, JobContext context)
    {
        options.Done();
        context.Answer(new DeviceCount(torch.cuda.is_available() ? torch.cuda.device_count() : 0));
    }
}
