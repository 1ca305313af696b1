namespace AlpacaCot.Torch.Kernels;

/// <summary>Rotary position embedding on <c>[tokens, heads, d]</c>.</summary>
internal static class Rotary
{
    /// <summary>The plain definition: (a, b) becomes (a cos - b sin, b cos + a sin).</summary>
    internal static Tensor Reference(Tensor x, Tensor cos, Tensor sin, bool pairs)
    {
        var r = 2 * cos.size(-1);
        var d = x.size(-1);
        var turned = (r == d ? x : x.narrow(-1, 0, r)).to(ScalarType.Float32);
        var (a, b) = pairs
            ? (turned.slice(-1, 0, step: 2), turned.slice(-1, 1, step: 2))
            : (turned.narrow(-1, 0, r / 2), turned.narrow(-1, r / 2, r / 2));
        Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1);
        Tensor first = a * c - b * s, second = b * c + a * s;
        var y = (pairs ? torch.stack([first, second], -1).flatten(-2) : torch.cat([first, second], -1)).to(x.dtype);
        return r == d ? y : torch.cat([y, x.narrow(-1, r, d - r)], -1);
    }
}
