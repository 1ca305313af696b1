using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>What TorchSharp's native library exports for autograd nodes whose backward is managed and for memory of others; TorchSharp's own use of it allocates more.</summary>
internal static unsafe partial class Sharp
{
    internal const string Library = "LibTorchSharp";

    /// <summary>A node as the library hands it around: the reference that owns it, and one that does not.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NodePtr
    {
        public nint Shared, Weak;
    }

    /// <summary>Handles of tensors one behind the other.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Handles
    {
        public nint* Array;
        public long Size;
    }

    [LibraryImport(Library)] internal static partial NodePtr THSAutograd_CSharpNode_ctor(nint apply, nint delete);
    [LibraryImport(Library)] internal static partial void THSAutograd_CSharpNode_disposeSharedPtr(NodePtr node);
    [LibraryImport(Library)] internal static partial void THSAutograd_CSharpNode_disposeWeakPtr(NodePtr node);
    [LibraryImport(Library)] internal static partial void THSAutograd_CSharpNode_setNextEdges(NodePtr node, Handles inputs, [MarshalAs(UnmanagedType.U1)] bool executable);
    [LibraryImport(Library)] internal static partial void THSAutograd_CSharpNode_clearInputMetadata(NodePtr node);

    [LibraryImport(Library)]
    internal static partial void THSAutograd_Function_wrapOutputs(Handles inputs, Handles nonDifferentiable, Handles dirty, Handles outputs, NodePtr node,
        delegate* unmanaged<nint, nint*> allocate);

    [LibraryImport(Library)]
    internal static partial nint THSTensor_new(void* data, delegate* unmanaged<nint, void> deleter, long* sizes, int dims, sbyte type, sbyte dtype, int deviceType, int deviceIndex,
        [MarshalAs(UnmanagedType.U1)] bool requiresGrad);
}
