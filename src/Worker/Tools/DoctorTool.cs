using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>doctor</c>: what the worker computes with. The command line adds what it sees itself.</summary>
internal static class DoctorTool
{
    public static void Run(JobContext context)
    {
        var torch = LibTorchLoads();
        context.Answer(torch.State == DoctorState.Problem ? [Processor(), torch] : (DoctorFinding[])[Processor(), torch, ThreadCount(), Memory(), Gpu()]);
    }

    private static DoctorFinding Processor()
    {
        string[] features =
        [
            .. Avx2.IsSupported ? ["AVX2"] : Array.Empty<string>(), .. Avx512F.IsSupported ? ["AVX-512"] : Array.Empty<string>(),
            .. ProcessorFeatures.HasBf16 ? ["AVX512-BF16"] : Array.Empty<string>(), .. ProcessorFeatures.HasAmx ? ["AMX"] : Array.Empty<string>(),
            .. ProcessorFeatures.HasVnni ? ["VNNI"] : Array.Empty<string>(),
        ];
        var found = $"{RuntimeInformation.ProcessArchitecture} with {(features.Length == 0 ? "no vector extensions that are used here" : string.Join(", ", features))}";
        return ProcessorFeatures.HasBf16 ? new DoctorFinding("processor", DoctorState.Ok, found)
            : new DoctorFinding("processor", DoctorState.Note, found, "without AVX512-BF16 or AMX, precision: fp32 is as fast as bf16 or faster");
    }

    private static DoctorFinding LibTorchLoads()
    {
        try
        {
            LibTorch.Load();
        }
        catch (DllNotFoundException e)
        {
            return new DoctorFinding("libtorch", DoctorState.Problem, e.Message, "restore again: ./alpacacot builds what is missing; behind a proxy, see that NuGet reaches its feed");
        }
        var version = torch.__version__;
        return LibTorch.PatchedCopy is { } copy
            ? new DoctorFinding("libtorch", DoctorState.Ok, $"{version} from {LibTorch.Folder}; this system's libstdc++ is older than GCC 13's, so TorchSharp's library is loaded from a copy whose one mark of the newer version is optional: {copy}")
            : new DoctorFinding("libtorch", DoctorState.Ok, $"{version} from {LibTorch.Folder}, as its packages have it");
    }

    private static DoctorFinding ThreadCount()
    {
        var (threads, cores) = (Threads.Count, Environment.ProcessorCount);
        return threads <= cores ? new DoctorFinding("threads", DoctorState.Ok, $"{threads} for operators on {cores} processors")
            : new DoctorFinding("threads", DoctorState.Note, $"{threads} for operators on {cores} processors", "set OMP_NUM_THREADS to the number of processors, or fewer");
    }

    private static DoctorFinding Memory()
    {
        var limit = FormattableString.Invariant($"{TensorMemory.Limit / 1073741824.0:0.0} GiB");
        return TensorMemory.IsCounted ? new DoctorFinding("memory", DoctorState.Ok, $"{limit} for this process; tensors are counted and their memory is kept for reuse")
            : new DoctorFinding("memory", DoctorState.Note, $"{limit} for this process; tensors are not counted on this system", "nothing to do: training works, at more page faults, and an out-of-memory ends the worker instead of the step");
    }

    private static DoctorFinding Gpu()
        => torch.cuda.is_available() ? new DoctorFinding("gpu", DoctorState.Ok, $"{torch.cuda.device_count()} NVIDIA GPU(s)")
            : new DoctorFinding("gpu", DoctorState.Ok, "none: this build computes on the processor; for NVIDIA GPUs build with -p:Torch=cuda");
}
