using System.Runtime.InteropServices;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

/// <summary>libtorch under the names of PyTorch.</summary>
public static partial class torch
{
    /// <summary>IEEE single.</summary>
    public const ScalarType float32 = ScalarType.Float32;

    /// <summary>IEEE double.</summary>
    public const ScalarType float64 = ScalarType.Float64;

    /// <summary>IEEE half.</summary>
    public const ScalarType float16 = ScalarType.Float16;

    /// <summary>The upper half of a single.</summary>
    public const ScalarType bfloat16 = ScalarType.BFloat16;

    /// <summary>Signed 64 bits.</summary>
    public const ScalarType int64 = ScalarType.Int64;

    /// <summary>Signed 32 bits.</summary>
    public const ScalarType int32 = ScalarType.Int32;

    /// <summary>Signed 16 bits.</summary>
    public const ScalarType int16 = ScalarType.Int16;

    /// <summary>Signed 8 bits.</summary>
    public const ScalarType int8 = ScalarType.Int8;

    /// <summary>Unsigned 8 bits.</summary>
    public const ScalarType uint8 = ScalarType.Byte;

    /// <summary>Truth values.</summary>
    public const ScalarType @bool = ScalarType.Bool;

    /// <summary>Version of the libtorch that the shim was compiled against, <c>1.13.1</c>.</summary>
    public static unsafe string version => Marshal.PtrToStringUTF8((nint)Native.ac_version())!;

    /// <summary>The processor.</summary>
    public static Device CPU => Device.CPU;

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public static Device device(string text) => Device.Parse(text);

    /// <summary>Opens a scope that frees what operators return on this thread; to be disposed on this thread, innermost first.</summary>
    public static DisposeScope NewDisposeScope() => new();

    /// <summary>Turns gradient recording off on this thread until the guard is disposed.</summary>
    public static GradModeGuard no_grad() => new(false);

    /// <summary>Turns gradient recording on on this thread until the guard is disposed.</summary>
    public static GradModeGuard enable_grad() => new(true);

    /// <summary>Whether this thread records gradients.</summary>
    public static bool is_grad_enabled() => Native.ac_grad_mode(-1) != 0;

    /// <summary>Like <see cref="no_grad"/>, and cheaper; tensors made under it can never take part in a graph.</summary>
    public static InferenceModeGuard inference_mode() => new();

    /// <summary>Seeds the default generators, which dropout uses.</summary>
    public static void manual_seed(ulong seed) => Native.Check(Native.ac_default_seed(seed));

    /// <summary>Sets how many threads an operator uses; once, at start.</summary>
    public static void set_num_threads(int n) => Native.Check(Native.ac_set_threads(n));

    /// <summary>How many threads an operator uses.</summary>
    public static int get_num_threads() => Native.ac_threads();

    /// <summary>Sets how many operators may run beside each other; before the first parallel work only.</summary>
    /// <exception cref="TorchException">Parallel work has begun already.</exception>
    public static void set_num_interop_threads(int n) => Native.Check(Native.ac_set_interop_threads(n));

    /// <summary>Whether this libtorch has an operator, <c>has("rms_norm")</c>, <c>has("sort", "stable")</c>.</summary>
    public static bool has(string name, string overload = "") => Find(name, overload).Exists;

    /// <summary>The schema of an operator as text.</summary>
    /// <exception cref="TorchException">This libtorch does not have it.</exception>
    public static string schema(string name, string overload = "") => Find(name, overload).Schema();

    /// <summary>Calls any operator by name; arguments in the order of its schema, what is missing takes the schema's default.</summary>
    /// <returns>Its results: <see cref="Tensor"/>, <c>Tensor[]</c>, long, double, bool or null.</returns>
    /// <exception cref="TorchException">This libtorch does not have it, or it failed.</exception>
    public static object?[] call(string name, string overload, params ReadOnlySpan<Value> args) => Find(name, overload).All(args);

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(string, string), Operator> _operators = new();

    private static Operator Find(string name, string overload) => _operators.GetOrAdd((name, overload), static k => new Operator(k.Item1, k.Item2));
}
