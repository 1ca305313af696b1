using System.Text;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Writes small SentencePiece files.</summary>
internal sealed class ProtoWriter
{
    private readonly MemoryStream _stream = new();

    public byte[] ToArray() => _stream.ToArray();

    public ProtoWriter Number(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    public ProtoWriter Single(int field, float value)
    {
        Varint((ulong)field << 3 | 5);
        _stream.Write(BitConverter.GetBytes(value));
        return this;
    }

    public ProtoWriter Bytes(int field, byte[] value)
    {
        Varint((ulong)field << 3 | 2);
        Varint((ulong)value.Length);
        _stream.Write(value);
        return this;
    }

    public ProtoWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A BPE model with the specials &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, then the pieces (text, score, type).</summary>
    public static byte[] Model(IEnumerable<(string Text, float Score, int Type)> pieces, int algorithm = 2, bool byteFallback = false, bool dummyPrefix = true, bool removeSpaces = false)
    {
        var model = new ProtoWriter();
        List<(string Text, float Score, int Type)> all = [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3)];
        if (byteFallback) all.AddRange(Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, 6)));
        all.AddRange(pieces);
        foreach (var (text, score, type) in all) model.Bytes(1, new ProtoWriter().Text(1, text).Single(2, score).Number(3, type).ToArray());
        model.Bytes(2, new ProtoWriter().Number(3, algorithm).Number(35, byteFallback ? 1 : 0).Number(43, -1).ToArray());
        model.Bytes(3, new ProtoWriter().Text(1, "identity").Number(3, dummyPrefix ? 1 : 0).Number(4, removeSpaces ? 1 : 0).ToArray());
        return model.ToArray();
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _stream.WriteByte((byte)(value | 0x80));
        _stream.WriteByte((byte)value);
    }
}
