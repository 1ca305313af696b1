using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>Reverse-mode differentiation.</summary>
    public static class autograd
    {
        /// <summary>Accumulates gradients of the roots into the leaves that they were computed from.</summary>
        /// <param name="roots">What is differentiated.</param>
        /// <param name="gradients">Gradient per root; null, or null elements, for roots of one number.</param>
        /// <param name="retain_graph">Keep what was saved, for another backward.</param>
        /// <param name="create_graph">Record the computation of the gradients, for higher derivatives.</param>
        /// <exception cref="TorchException">There is no graph, or it was freed; exceptions of custom functions come as they were thrown.</exception>
        public static unsafe void backward(IReadOnlyList<Tensor> roots, IReadOnlyList<Tensor?>? gradients = null, bool retain_graph = false, bool create_graph = false)
        {
            var n = roots.Count;
            var handles = stackalloc nint[2 * n];
            Fill(roots, gradients, handles);
            var rc = Native.ac_backward(handles, handles + n, n, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0);
            GC.KeepAlive(roots);
            GC.KeepAlive(gradients);
            CustomNode.Check(rc);
        }

        /// <summary>Gradients of outputs with respect to inputs, returned and accumulated nowhere.</summary>
        /// <returns>One gradient per input; null where <paramref name="allow_unused"/> and the outputs do not depend on it.</returns>
        /// <exception cref="TorchException">An input is unused, there is no graph, or it was freed.</exception>
        public static unsafe Tensor?[] grad(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor?>? gradients = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            int n = outputs.Count, m = inputs.Count;
            var handles = stackalloc nint[2 * n + 2 * m];
            Fill(outputs, gradients, handles);
            nint* ins = handles + 2 * n, results = ins + m;
            for (var i = 0; i < m; i++)
            {
                ins[i] = inputs[i].Handle;
                results[i] = 0;
            }
            var rc = Native.ac_autograd_grad(handles, handles + n, n, ins, m, retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, results);
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(gradients);
            CustomNode.Check(rc);
            var list = new Tensor?[m];
            for (var i = 0; i < m; i++) list[i] = results[i] == 0 ? null : Tensor.Wrap(results[i]);
            return list;
        }

        /// <summary>
        /// Gives tensors that were computed outside the graph a gradient of one's own: <paramref name="outputs"/> depend on <paramref name="inputs"/>
        /// through <paramref name="backward"/>. Does nothing where no gradient is recorded or no input requires one.
        /// </summary>
        /// <param name="inputs">What gradients are for.</param>
        /// <param name="outputs">Fresh floating-point tensors, computed under <see cref="no_grad"/>; no views of inputs.</param>
        /// <param name="saved">What backward needs, an output too; second handles on them are kept until the graph is freed.</param>
        /// <param name="backward">Turns gradients of the outputs into gradients of the inputs; runs in a scope of its own.</param>
        public static void Custom(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor?> saved, BackwardFunction backward) =>
            CustomNode.Attach(inputs, outputs, saved, backward);

        /// <summary>Computes outputs under <see cref="no_grad"/> and gives them a gradient of one's own.</summary>
        /// <param name="inputs">What the function is applied to.</param>
        /// <param name="forward">Computes fresh outputs and may save tensors in the context.</param>
        /// <param name="backward">Turns gradients of the outputs into gradients of the inputs.</param>
        public static Tensor[] Function(Tensor[] inputs, Func<FunctionContext, Tensor[], Tensor[]> forward, BackwardFunction backward)
        {
            var context = new FunctionContext();
            Tensor[] outputs;
            using (no_grad()) outputs = forward(context, inputs);
            Custom(inputs, outputs, context.Saved, backward);
            return outputs;
        }

        /// <summary>Whether a function of these inputs records a gradient on this thread: whether saving is worth while.</summary>
        public static bool Records(params ReadOnlySpan<Tensor?> inputs)
        {
            if (!is_grad_enabled()) return false;
            foreach (var t in inputs) if (t is { requires_grad: true }) return true;
            return false;
        }

        /// <summary>Computes a function without saving what is inside it; backward computes it once more. Trades time for memory.</summary>
        /// <param name="function">A function of its inputs alone; random numbers must come from generators that it seeds itself.</param>
        /// <param name="inputs">Inputs; gradients flow to them and to nothing else that the function uses but leaves.</param>
        public static Tensor checkpoint(Func<Tensor[], Tensor> function, params Tensor[] inputs)
        {
            Tensor output;
            using (no_grad()) output = function(inputs);
            if (!Records(inputs)) return output;
            Custom(inputs, [output], inputs, (grads, saved) =>
            {
                using var _ = enable_grad();
                var again = new Tensor[saved.Count];
                for (var i = 0; i < again.Length; i++)
                {
                    again[i] = saved[i]!.detach();
                    if (again[i].dtype.IsFloatingPoint()) again[i].requires_grad = true;
                }
                backward([function(again)], [grads[0]]);
                return Array.ConvertAll(again, static t => t.grad);
            });
            return output;
        }

        private static unsafe void Fill(IReadOnlyList<Tensor> roots, IReadOnlyList<Tensor?>? gradients, nint* handles)
        {
            if (gradients is not null && gradients.Count != roots.Count)
                throw new TorchException($"{gradients.Count} gradients for {roots.Count} tensors");
            for (var i = 0; i < roots.Count; i++)
            {
                handles[i] = roots[i].Handle;
                handles[roots.Count + i] = gradients?[i]?.Handle ?? 0;
            }
        }
    }
}

/// <summary>Turns gradients of a function's outputs (null where nothing flowed) into gradients of its inputs (null where none is needed).</summary>
public delegate Tensor?[] BackwardFunction(IReadOnlyList<Tensor?> gradients, IReadOnlyList<Tensor?> saved);

/// <summary>What the forward of a custom function leaves for its backward.</summary>
public sealed class FunctionContext
{
    internal Tensor?[] Saved { get; private set; } = [];

    /// <summary>Keeps tensors until the graph is freed.</summary>
    public void save_for_backward(params Tensor?[] tensors) => Saved = tensors;
}
