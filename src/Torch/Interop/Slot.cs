using System.Runtime.InteropServices;

namespace AlpacaCot.Torch.Interop;

/// <summary>What a slot holds; the numbers are the shim's.</summary>
internal enum SlotTag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    IntList = 5,
    TensorList = 6,
    String = 7,
    Device = 8,
    Generator = 9,
    OptionalTensorList = 10,
    DoubleList = 11,
    BoolList = 12,
}

/// <summary>One argument or result as the shim sees it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Slot
{
    internal SlotTag Tag;
    internal int N;
    internal long Bits;
}
