using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>NVIDIA GPUs, where libtorch has them. Their kernels are a library of its own that is opened at the first question.</summary>
    public static class cuda
    {
        private static readonly Lazy<(bool Open, string Why)> _library = new(static () =>
        {
            if (Native.ac_device_count((int)DeviceType.CUDA) > 0) return (true, "");
            try
            {
                Native.Check(Native.ac_open("libtorch_cuda.so"));
            }
            catch (TorchException e)
            {
                return (false, e.Message);
            }
            return Native.ac_device_count((int)DeviceType.CUDA) > 0 ? (true, "") : (false, "no device was found");
        });

        /// <summary>Whether tensors can live on a GPU.</summary>
        public static bool is_available() => _library.Value.Open;

        /// <summary>How many GPUs there are.</summary>
        public static int device_count() => is_available() ? Native.ac_device_count((int)DeviceType.CUDA) : 0;

        /// <summary>Waits until a GPU has done all that was asked of it.</summary>
        public static void synchronize(int index = 0)
        {
            Require();
            Native.Check(Native.ac_synchronize((int)DeviceType.CUDA, index));
        }

        /// <summary>Lets fp32 products use the tensor cores' shorter mantissa (off by default, as in PyTorch).</summary>
        public static void allow_tf32(bool allow) => Native.Check(Native.ac_allow_tf32(allow ? 1 : 0));

        internal static void Require()
        {
            if (!is_available()) throw new TorchException($"no CUDA here ({_library.Value.Why}): use device cpu, or set LIBTORCH to a libtorch with CUDA and build again");
        }
    }
}
