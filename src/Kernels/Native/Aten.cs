using System.Runtime.InteropServices;
using System.Text;
using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Operators that TorchSharp lacks, by name through libtorch's stable C ABI; each method has the operator's schema beside it. The ABI takes
/// tensors, integers, floating-point numbers, truth values, lists of them and optionals; it refuses <c>Scalar</c>, and defaults must be given.
/// </summary>
internal static unsafe class Aten
{
    private static readonly byte* _none = Text("none"), _empty = Text("");
    private static readonly byte* _reorder = Text("mkldnn::_reorder_linear_weight"), _adamw = Text("aten::_fused_adamw_"), _integers = Text("aten::_int_mm"),
        _rms = Text("aten::_fused_rms_norm"), _flash = Text("aten::_flash_attention_forward");

    /// <summary>A weight <c>[out, in]</c> in the layout of oneDNN's kernels.</summary>
    /// <remarks><c>mkldnn::_reorder_linear_weight(Tensor self, SymInt? batch_size=None) -> Tensor</c></remarks>
    public static Tensor ReorderLinearWeight(Tensor weight, long rows)
    {
        var arguments = stackalloc ulong[2];
        arguments[0] = (ulong)TensorHandles.Clone(weight);
        arguments[1] = Optional((ulong)rows);
        Call(_reorder, arguments);
        return Tensor.UnsafeCreateTensor((nint)arguments[0]);
    }

    /// <summary>x Wᵀ + b with a reordered weight: x <c>[rows, in]</c>.</summary>
    /// <remarks><c>mkldnn::_linear_pointwise(Tensor X, Tensor W, Tensor? B, str attr, Scalar?[] scalars, str? algorithm) -> Tensor</c></remarks>
    public static Tensor LinearPointwise(Tensor x, Tensor reordered, Tensor? bias)
    {
        nint result, b = bias?.Handle ?? 0;
        var algorithm = _empty;
        TensorHandles.Check(Abi.aoti_torch_cpu__linear_pointwise(x.Handle, reordered.Handle, bias is null ? null : &b, _none, null, 0, &algorithm, &result), "a product with a prepared weight");
        GC.KeepAlive(x);
        GC.KeepAlive(reordered);
        GC.KeepAlive(bias);
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>The product of int8 matrices as int32 <c>[rows, columns]</c>; of b any strides will do.</summary>
    /// <remarks><c>aten::_int_mm(Tensor self, Tensor mat2) -> Tensor</c></remarks>
    public static Tensor IntegerProduct(Tensor a, Tensor b)
    {
        var arguments = stackalloc ulong[2];
        (arguments[0], arguments[1]) = ((ulong)TensorHandles.Clone(a), (ulong)TensorHandles.Clone(b));
        Call(_integers, arguments);
        return Tensor.UnsafeCreateTensor((nint)arguments[0]);
    }

    /// <summary>RMSNorm over the last dimension in one kernel, with a gradient; rounded once, behind the weight.</summary>
    /// <remarks><c>aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)</c></remarks>
    public static Tensor FusedRmsNorm(Tensor x, Tensor weight, double eps)
    {
        var arguments = stackalloc ulong[4];
        nint shape;
        TensorHandles.Check(Abi.torch_new_list_reserve_size(1, &shape), "a list");
        TensorHandles.Check(Abi.torch_list_push_back(shape, (ulong)x.size(-1)), "a list");
        (arguments[0], arguments[1], arguments[2], arguments[3]) = ((ulong)TensorHandles.Clone(x), (ulong)shape, Optional((ulong)TensorHandles.Clone(weight)), Optional(Bits(eps)));
        Call(_rms, arguments);
        return First(arguments, 2);
    }

    /// <summary>
    /// Causal attention within pieces of rows of 16 bits, on a GPU, with a gradient: q <c>[queries, heads, d]</c>, k and v <c>[keys, kv heads, d]</c>; the last query of a
    /// piece sees its last key.
    /// </summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="pieces">Where the pieces lie.</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <param name="window">A query sees so many last keys; 0 is all.</param>
    /// <remarks>
    /// <c>aten::_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, SymInt max_k, float dropout_p, bool is_causal,
    /// bool return_debug_mask, *, float? scale=None, SymInt? window_size_left=None, SymInt? window_size_right=None, Tensor? seqused_k=None, Tensor? alibi_slopes=None)
    /// -> (Tensor output, Tensor softmax_logsumexp, Tensor rng_state, Tensor unused, Tensor debug_attn_mask)</c>
    /// </remarks>
    public static Tensor FlashAttention(Tensor q, Tensor k, Tensor v, AttentionPieces pieces, double scale, int window)
    {
        var arguments = stackalloc ulong[15];
        (arguments[0], arguments[1], arguments[2]) = ((ulong)TensorHandles.Clone(q), (ulong)TensorHandles.Clone(k), (ulong)TensorHandles.Clone(v));
        (arguments[3], arguments[4]) = (Optional((ulong)TensorHandles.Clone(pieces.Queries)), Optional((ulong)TensorHandles.Clone(pieces.Keys)));
        (arguments[5], arguments[6], arguments[7], arguments[8], arguments[9]) = ((ulong)pieces.MostQueries, (ulong)pieces.MostKeys, Bits(0), 1, 0);
        arguments[10] = Optional(Bits(scale));
        arguments[11] = window > 0 ? Optional((ulong)(window - 1)) : 0;
        arguments[12] = window > 0 ? Optional(0) : 0;
        (arguments[13], arguments[14]) = (0, 0);
        Call(_flash, arguments);
        return First(arguments, 5);
    }

    /// <summary>The same memory as a contiguous matrix <c>[rows, columns]</c>, which autograd does not know as a view; nothing is checked.</summary>
    public static Tensor Reinterpret(Tensor tensor, long rows, long columns)
    {
        nint result;
        var sizes = stackalloc long[2] { rows, columns };
        var strides = stackalloc long[2] { columns, 1 };
        TensorHandles.Check(Abi.aoti_torch__reinterpret_tensor(tensor.Handle, 2, sizes, strides, tensor.storage_offset(), &result), "another shape");
        GC.KeepAlive(tensor);
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>One AdamW step over many parameters of one device; a step count of its own per parameter, as fp32 tensors of one element.</summary>
    /// <remarks>
    /// <c>aten::_fused_adamw_(Tensor[] self, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr,
    /// float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()</c>
    /// </remarks>
    public static void FusedAdamW(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> first, IReadOnlyList<Tensor> second,
        IReadOnlyList<Tensor> steps, double lr, double beta1, double beta2, double weightDecay, double eps)
    {
        var arguments = stackalloc ulong[15];
        (arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]) = (List(parameters), List(gradients), List(first), List(second), List([]), List(steps));
        (arguments[6], arguments[7], arguments[8], arguments[9], arguments[10]) = (Bits(lr), Bits(beta1), Bits(beta2), Bits(weightDecay), Bits(eps));
        (arguments[11], arguments[12], arguments[13], arguments[14]) = (0, 0, 0, 0);
        Call(_adamw, arguments);
    }

    // The first of the results; the others, which autograd keeps as far as it needs them, are let go of.
    private static Tensor First(ulong* results, int tensors)
    {
        for (var i = 1; i < tensors; i++) _ = Abi.aoti_torch_delete_tensor_object((nint)results[i]);
        return Tensor.UnsafeCreateTensor((nint)results[0]);
    }

    private static void Call(byte* name, ulong* arguments)
    {
        TensorHandles.Check(Abi.aoti_torch_call_dispatcher(name, _empty, arguments), Marshal.PtrToStringUTF8((nint)name)!);
    }

    // The callee takes lists and optionals over, and the handles in them.
    private static ulong List(IReadOnlyList<Tensor> tensors)
    {
        nint list;
        TensorHandles.Check(Abi.torch_new_list_reserve_size(tensors.Count, &list), "a list of tensors");
        foreach (var tensor in tensors) TensorHandles.Check(Abi.torch_list_push_back(list, (ulong)TensorHandles.Clone(tensor)), "a list of tensors");
        return (ulong)list;
    }

    private static ulong Optional(ulong value)
    {
        var cell = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *cell = value;
        return (ulong)cell;
    }

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static byte* Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        return memory;
    }
}
