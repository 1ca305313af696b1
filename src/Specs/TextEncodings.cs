namespace AlpacaCot.Specs;

/// <summary>The encodings that a source can name for its files, by the names of IANA's registry. Names are compared without case and punctuation, and the usual other names are known as well.</summary>
public static class TextEncodings
{
    /// <summary>What files are in where nothing is named.</summary>
    public const string Default = "utf-8";

    private static readonly (string Name, string[] Others)[] _known =
    [
        (Default, ["utf8sig", "unicode11utf8"]),
        ("utf-16", ["ucs2", "unicode"]), ("utf-16le", []), ("utf-16be", []), ("utf-32", ["ucs4"]), ("utf-32le", []), ("utf-32be", []),
        ("gb18030", ["gb180302000", "cp54936"]), ("gbk", ["gb2312", "euccn", "cp936", "ms936", "windows936"]), ("big5", ["cp950", "big5tw", "csbig5"]),
        ("shift_jis", ["sjis", "cp932", "ms932", "windows31j", "mskanji"]), ("euc-jp", ["ujis"]), ("euc-kr", ["cp949", "uhc", "ms949", "windows949", "ksc56011987"]),
        ("iso-8859-1", ["latin1", "l1", "cp819", "ibm819"]), ("iso-8859-2", ["latin2", "l2"]), ("iso-8859-3", ["latin3", "l3"]), ("iso-8859-4", ["latin4", "l4"]), ("iso-8859-5", ["cyrillic"]),
        ("iso-8859-6", ["arabic"]), ("iso-8859-9", ["latin5", "l5"]), ("iso-8859-13", ["latin7", "l7"]), ("iso-8859-15", ["latin9", "l9"]),
        ("windows-1250", ["cp1250"]), ("windows-1251", ["cp1251"]), ("windows-1252", ["cp1252"]), ("windows-1253", ["cp1253"]), ("windows-1254", ["cp1254"]), ("windows-1255", ["cp1255"]),
        ("windows-1256", ["cp1256"]), ("windows-1257", ["cp1257"]), ("windows-1258", ["cp1258"]), ("windows-874", ["cp874", "tis620"]), ("koi8-r", []),
    ];

    private static readonly Dictionary<string, string> _names =
        _known.SelectMany(encoding => encoding.Others.Append(Folded(encoding.Name)).Select(name => (name, encoding.Name))).ToDictionary(pair => pair.name, pair => pair.Name, StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. _known.Select(encoding => encoding.Name)];

    /// <summary>The name of an encoding by any of its names; null where there is none.</summary>
    public static string? Find(string name) => _names.GetValueOrDefault(Folded(name));

    private static string Folded(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
