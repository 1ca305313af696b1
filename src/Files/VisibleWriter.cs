using System.Text;

namespace AlpacaCot.Files;

/// <summary>A stream of text for people: the one place at which text leaves a program for a terminal or a log, always as <see cref="VisibleText"/>.</summary>
/// <param name="inner">Where it goes.</param>
/// <param name="required">Whether text that cannot be written is a failure of the program. What only accompanies its work (errors, progress, a log) must not end it.</param>
public sealed class VisibleWriter(TextWriter inner, bool required) : TextWriter
{
    // Text comes in pieces, which may part a pair.
    private char? _half;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (buffer.Length == 0) return;
        var text = _half is { } half ? $"{half}{buffer}" : new string(buffer);
        _half = null;
        if (char.IsHighSurrogate(text[^1])) (_half, text) = (text[^1], text[..^1]);
        Pass(VisibleText.Of(text));
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + NewLine);

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    private void Pass(string text) => Try(() => inner.Write(text));

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (!required && e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // A full disk or a closed terminal: nothing can be told there, and what the program does goes on.
        }
    }
}
