using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>Writes a tensor's elements to a stream, row-major and little-endian.</summary>
internal static class TensorBytes
{
    public static void CopyTo(Tensor tensor, Stream stream)
    {
        const int Most = 1 << 28;
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var plain = tensor.detach().cpu().contiguous();
        unsafe
        {
            var start = (byte*)plain.Pointer();
            for (long at = 0, end = plain.Bytes(); at < end; at += Most) stream.Write(new ReadOnlySpan<byte>(start + at, (int)Math.Min(Most, end - at)));
        }
    }
}
