using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>devices</c>: how many GPUs libtorch can use here, and what was looked for. A silo asks before it offers them.</summary>
internal static class DevicesTool
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";

    public static void Run(JobContext context)
    {
        var cuda = torch.cuda.is_available();
        var count = cuda ? torch.cuda.device_count() : 0;
        var files = Directory.Exists("/dev") ? Directory.EnumerateFiles("/dev", "nvidia?").Count(file => char.IsAsciiDigit(file[^1])) : 0;
        var driver = File.Exists("/proc/driver/nvidia/version");
        var visible = Environment.GetEnvironmentVariable(Visible);
        context.Answer(new DeviceCount(count,
        [
            $"CUDA in libtorch {torch.__version__}: {(cuda ? $"yes, {count} GPU(s)" : "no")}",
            $"NVIDIA's driver (/proc/driver/nvidia/version): {(driver ? "there" : "not there")}",
            $"devices (/dev/nvidia0 and on): {files}",
            $"{Visible}: {(visible is null ? "not set" : $"'{visible}'")}",
        ]));
    }
}
