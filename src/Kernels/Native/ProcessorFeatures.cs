using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels.Native;

/// <summary>What the processor computes with, beyond what .NET names.</summary>
public static class ProcessorFeatures
{
    /// <summary>AVX-512 with products of bf16 (CPUID 7.1, EAX bit 5).</summary>
    public static bool HasBf16 { get; } = Avx512F.IsSupported && Bit(7, 1, register: 0, bit: 5);

    /// <summary>AMX tiles with products of bf16 (CPUID 7.0, EDX bits 22 and 24).</summary>
    public static bool HasAmx { get; } = X86Base.IsSupported && Bit(7, 0, register: 3, bit: 22) && Bit(7, 0, register: 3, bit: 24);

    /// <summary>AVX-512 with products of int8 (CPUID 7.0, ECX bit 11).</summary>
    public static bool HasVnni { get; } = Avx512F.IsSupported && Bit(7, 0, register: 2, bit: 11);

    private static bool Bit(int leaf, int sub, int register, int bit)
    {
        if (X86Base.CpuId(0, 0).Eax < leaf) return false;
        var (eax, ebx, ecx, edx) = X86Base.CpuId(leaf, sub);
        return ((register switch { 0 => eax, 1 => ebx, 2 => ecx, _ => edx } >> bit) & 1) != 0;
    }
}
