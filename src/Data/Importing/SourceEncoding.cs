using System.Text;
using AlpacaCot.Data.Formats;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Importing;

/// <summary>The encoding of a file of rows, and what is said about rows that are not in it.</summary>
internal sealed class SourceEncoding
{
    /// <summary>Bytes of the longest byte order mark.</summary>
    private const int MarkBytes = 4;

    private static readonly Dictionary<string, int> _codePages = new(StringComparer.Ordinal)
    {
        ["utf-16"] = 1200, ["utf-16le"] = 1200, ["utf-16be"] = 1201, ["utf-32"] = 12000, ["utf-32le"] = 12000, ["utf-32be"] = 12001,
        ["gb18030"] = 54936, ["gbk"] = 936, ["big5"] = 950, ["shift_jis"] = 932, ["euc-jp"] = 51932, ["euc-kr"] = 949,
        ["iso-8859-1"] = 28591, ["iso-8859-2"] = 28592, ["iso-8859-3"] = 28593, ["iso-8859-4"] = 28594, ["iso-8859-5"] = 28595, ["iso-8859-6"] = 28596,
        ["iso-8859-9"] = 28599, ["iso-8859-13"] = 28603, ["iso-8859-15"] = 28605,
        ["windows-1250"] = 1250, ["windows-1251"] = 1251, ["windows-1252"] = 1252, ["windows-1253"] = 1253, ["windows-1254"] = 1254, ["windows-1255"] = 1255, ["windows-1256"] = 1256,
        ["windows-1257"] = 1257, ["windows-1258"] = 1258, ["windows-874"] = 874, ["koi8-r"] = 20866,
    };

    private readonly Encoding? _encoding;
    private readonly string? _name;
    private readonly bool _canBeNamed;

    private SourceEncoding(string? name, bool canBeNamed)
    {
        (_name, _canBeNamed) = (name, canBeNamed);
        _encoding = name is null ? null : Known(_codePages[name]);
    }

    /// <summary>UTF-8, of files for which no other can be named.</summary>
    public static SourceEncoding Utf8 { get; } = new(null, canBeNamed: false);

    /// <summary>Whether an encoding was named.</summary>
    public bool IsNamed => _name is not null;

    /// <summary>The encoding of a source's files.</summary>
    /// <param name="name">One of <see cref="TextEncodings.Names"/>, or null for UTF-8.</param>
    public static SourceEncoding Of(string? name) => new(name == TextEncodings.Default ? null : name, canBeNamed: true);

    /// <summary>A text as UTF-8 without a byte order mark. A mark of UTF-16 or UTF-32 is heeded where nothing is named.</summary>
    /// <exception cref="DatasetException">The text begins with the mark of another encoding than the one that is named.</exception>
    public Stream Decoded(Stream content, string path)
    {
        var head = new byte[MarkBytes];
        var read = content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var (length, marked) = FileText.ByteOrderMark(head.AsSpan(0, read));
        // Two bytes of the mark of UTF-32 are that of UTF-16: the name tells which is meant.
        if (_encoding?.CodePage == 1200 && head is [0xFF, 0xFE, ..]) (length, marked) = (2, Encoding.Unicode);
        if (_name is not null && length > 0 && !Fits(marked)) throw new DatasetException($"{path}: begins with the byte order mark of {marked?.WebName ?? TextEncodings.Default}, and its encoding is said to be {_name}: remove the encoding");
        var rest = new PrefixedStream(head.AsMemory(length, read - length), content);
        return (marked ?? _encoding) is { } encoding ? new TranscodedStream(rest, Known(encoding.CodePage)) : rest;
    }

    /// <summary>What is wrong with a row that has bytes which are no text, and what its encoding may be instead.</summary>
    public string Mistake(ReadOnlySpan<byte> row)
    {
        if (TranscodedStream.BadByte(row) is { } bad) return $"has the byte 0x{bad}, which is no character of {_name ?? "its encoding"} there";
        if (_name is not null) return $"has what is no character of {_name}";
        var guess = OtherEncodings.Guess(row);
        return guess is null ? $"is not valid UTF-8; save the file as UTF-8{OrNamed("windows-1252")}" : $"is not valid UTF-8; it reads as {guess}: convert the file to UTF-8 (iconv -f {guess} -t UTF-8){OrNamed(guess)}";
    }

    /// <summary>How a source names its encoding, for the end of a sentence that says what else can be done; empty where nothing can be named.</summary>
    public string OrNamed(string name) => _canBeNamed ? $", or name its encoding (encoding: {TextEncodings.Find(name)})" : "";

    /// <summary>An encoding of the runtime, of which bytes that are no character become what <see cref="TranscodedStream"/> looks for.</summary>
    private static Encoding Known(int codePage)
    {
        var marks = new BadBytes(codePage is 1200 or 1201 or 12000 or 12001 ? null : CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage));
        return CodePagesEncodingProvider.Instance.GetEncoding(codePage, EncoderFallback.ReplacementFallback, marks) ?? Encoding.GetEncoding(codePage, EncoderFallback.ReplacementFallback, marks);
    }

    private bool Fits(Encoding? marked) => marked is not null && (_name is "utf-16" ? marked.CodePage is 1200 or 1201 : _name is "utf-32" ? marked.CodePage is 12000 or 12001 : marked.CodePage == _encoding!.CodePage);
}
