using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>The same elements in another shape, without a copy; one size may be -1.</summary>
    public Tensor view(params long[] shape) => Op.view.Run(this, shape);

    /// <summary>The same elements in another shape, copied only where need be; one size may be -1.</summary>
    public Tensor reshape(params long[] shape) => Op.reshape.Run(this, shape);

    /// <summary>Dimensions in another order.</summary>
    public Tensor permute(params long[] dims) => Op.permute.Run(this, dims);

    /// <summary>Two dimensions exchanged.</summary>
    public Tensor transpose(int a, int b) => Op.transpose.Run(this, a, b);

    /// <summary>Rows and columns exchanged.</summary>
    public Tensor t() => Op.t.Run(this);

    /// <summary>Row-major elements: itself, or a copy.</summary>
    public Tensor contiguous() => Op.contiguous.Run(this);

    /// <summary>Repeated along dimensions of size 1 without a copy; -1 keeps a size.</summary>
    public Tensor expand(params long[] shape) => Op.expand.Run(this, shape);

    /// <summary>Another dimension of size 1.</summary>
    public Tensor unsqueeze(int dim) => Op.unsqueeze.Run(this, dim);

    /// <summary>Without the dimensions of size 1.</summary>
    public Tensor squeeze() => Op.squeeze.Run(this);

    /// <summary>Without a dimension, if its size is 1.</summary>
    public Tensor squeeze(int dim) => Op.squeeze_dim.Run(this, dim);

    /// <summary>Dimensions from start to end made one.</summary>
    public Tensor flatten(int start = 0, int end = -1) => Op.flatten.Run(this, start, end);

    /// <summary>A view with sizes and strides of one's own.</summary>
    public Tensor as_strided(long[] size, long[] stride, long offset = 0) => Op.as_strided.Run(this, size, stride, offset);

    /// <summary>A range along a dimension, without a copy.</summary>
    public Tensor narrow(int dim, long start, long length) => Op.narrow.Run(this, dim, start, length);

    /// <summary>One index along a dimension, which goes, without a copy.</summary>
    public Tensor select(int dim, long index) => Op.select.Run(this, dim, index);

    /// <summary>A range with a step along a dimension, without a copy; negative ends count from the back.</summary>
    public Tensor slice(int dim, long start, long end = long.MaxValue, long step = 1) => Op.slice.Run(this, dim, start, end, step);

    /// <summary>Pieces of a size along a dimension; the last may be smaller.</summary>
    public Tensor[] split(long size, int dim = 0) => Op.split.Many(this, size, dim);

    /// <summary>Pieces of given sizes along a dimension.</summary>
    public Tensor[] split(long[] sizes, int dim = 0) => Op.split_sizes.Many(this, sizes, dim);

    /// <summary>So many pieces along a dimension.</summary>
    public Tensor[] chunk(int chunks, int dim = 0) => Op.chunk.Many(this, chunks, dim);

    /// <summary>The pieces of size 1 along a dimension, which goes.</summary>
    public Tensor[] unbind(int dim = 0) => Op.unbind.Many(this, dim);

    /// <summary>In reverse order along dimensions.</summary>
    public Tensor flip(params long[] dims) => Op.flip.Run(this, dims);

    /// <summary>Moved along a dimension, what falls out coming in again.</summary>
    public Tensor roll(long shift, int dim) => Op.roll.Run(this, new long[] { shift }, new long[] { dim });

    /// <summary>Repeated so often along each dimension.</summary>
    public Tensor repeat(params long[] times) => Op.repeat.Run(this, times);

    /// <summary>Each element repeated along a dimension.</summary>
    public Tensor repeat_interleave(long times, int dim) => Op.repeat_interleave.Run(this, times, dim);

    /// <summary>The lower triangle of the last two dimensions; the rest is zero.</summary>
    public Tensor tril(int diagonal = 0) => Op.tril.Run(this, diagonal);

    /// <summary>The upper triangle of the last two dimensions; the rest is zero.</summary>
    public Tensor triu(int diagonal = 0) => Op.triu.Run(this, diagonal);

    /// <summary>The diagonal, without a copy.</summary>
    public Tensor diagonal(int offset = 0) => Op.diagonal.Run(this, offset);

    /// <summary>The diagonal of a matrix, or the matrix with this diagonal.</summary>
    public Tensor diag(int diagonal = 0) => Op.diag.Run(this, diagonal);

    /// <summary>Constant padding; pairs (before, after) from the last dimension on.</summary>
    public Tensor pad(long[] widths, Scalar? value = null) => Op.pad.Run(this, widths, value ?? 0);

    /// <summary>Rows (or other slices) by index, <c>[n]</c> int64.</summary>
    public Tensor index_select(int dim, Tensor index) => Op.index_select.Run(this, dim, index);

    /// <summary>Writes slices by index.</summary>
    public void index_copy_(int dim, Tensor index, Tensor source) => Op.index_copy_.Do(this, dim, index, source);

    /// <summary>Adds slices by index in place.</summary>
    public void index_add_(int dim, Tensor index, Tensor source) => Op.index_add_.Do(this, dim, index, source);

    /// <summary>Itself with slices added by index.</summary>
    public Tensor index_add(int dim, Tensor index, Tensor source) => Op.index_add.Run(this, dim, index, source);

    /// <summary>Advanced indexing: one index tensor per leading dimension, null takes it whole.</summary>
    public Tensor index(params Tensor?[] indices) => Op.index.Run(this, Value.Optional(indices));

    /// <summary>Writes by advanced indexing.</summary>
    public void index_put_(Tensor?[] indices, Tensor values, bool accumulate = false) => Op.index_put_.Do(this, Value.Optional(indices), values, accumulate);

    /// <summary>One element per index along a dimension.</summary>
    public Tensor gather(int dim, Tensor index) => Op.gather.Run(this, dim, index);

    /// <summary>Adds elements at indices along a dimension.</summary>
    public void scatter_add_(int dim, Tensor index, Tensor source) => Op.scatter_add_.Do(this, dim, index, source);

    /// <summary>Writes elements at indices along a dimension.</summary>
    public void scatter_(int dim, Tensor index, Tensor source) => Op.scatter_.Do(this, dim, index, source);

    /// <summary>Writes a number at indices along a dimension.</summary>
    public void scatter_(int dim, Tensor index, Scalar value) => Op.scatter_value_.Do(this, dim, index, value);

    /// <summary>One-hot vectors of int64 class numbers, <c>[..., classes]</c>.</summary>
    public Tensor one_hot(long classes = -1) => Op.one_hot.Run(this, classes);
}
