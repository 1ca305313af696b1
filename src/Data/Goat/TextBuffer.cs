using System.Buffers;
using System.Globalization;
using System.Numerics;

namespace AlpacaCot.Data.Goat;

/// <summary>Text that is put together piece by piece in a rented array: a row costs one text and no pieces.</summary>
internal ref struct TextBuffer
{
    private char[] _chars = ArrayPool<char>.Shared.Rent(1024);
    private int _length;

    public TextBuffer()
    {
    }

    public void Text(ReadOnlySpan<char> text)
    {
        if (_length + text.Length > _chars.Length) Grow(text.Length);
        text.CopyTo(_chars.AsSpan(_length));
        _length += text.Length;
    }

    public void Number<T>(T value) where T : ISpanFormattable
    {
        int written;
        while (!value.TryFormat(_chars.AsSpan(_length), out written, default, CultureInfo.InvariantCulture)) Grow(_chars.Length);
        _length += written;
    }

    // Almost every number fits 64 bits, which are written several times as fast.
    public void Number(BigInteger value)
    {
        if (value.GetBitLength() < 64) Number((long)value);
        else Number<BigInteger>(value);
    }

    /// <summary>A scaled number (<see cref="GoatQuestion.Decimals"/>).</summary>
    public void Number(BigInteger value, int decimals)
    {
        if (decimals == 0) Number(value);
        else Text(GoatQuestion.Text(value, decimals));
    }

    public readonly ReadOnlySpan<char> Written => _chars.AsSpan(0, _length);

    /// <summary>The text; the array goes back.</summary>
    public string End()
    {
        var text = Written.ToString();
        Return();
        return text;
    }

    public readonly void Return() => ArrayPool<char>.Shared.Return(_chars);

    private void Grow(int more)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(_chars.Length * 2, _length + more));
        _chars.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<char>.Shared.Return(_chars);
        _chars = larger;
    }
}
