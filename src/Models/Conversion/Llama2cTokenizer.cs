using System.Buffers.Binary;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Conversion;

/// <summary>
/// llama2.c's tokenizer <c>.bin</c>: int32 longest length, then for every id fp32 score, int32 length, UTF-8 bytes. It is a SentencePiece vocabulary
/// with ▁ written as a space and line breaks around the begin and end pieces.
/// </summary>
internal static class Llama2cTokenizer
{
    private const int FirstByte = 3, BytePieces = 256;

    /// <summary>Bytes of the largest file; a vocabulary of 128,000 pieces takes three million.</summary>
    private const int LargestFile = 64 << 20;

    /// <summary>Reads the vocabulary as SentencePiece pieces, by id.</summary>
    /// <exception cref="ModelException">The file is damaged or of another format.</exception>
    public static IReadOnlyList<Piece> Read(string path)
    {
        var bytes = ReadBytes(path);
        ModelException Bad(string cause) => new($"{path}: not a llama2.c tokenizer: {cause}");

        if (bytes.Length < 4) throw Bad("it is too short");
        var longest = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var pieces = new List<Piece>();
        for (var at = 4; at < bytes.Length;)
        {
            if (at + 8 > bytes.Length) throw Bad($"it ends inside id {pieces.Count}");
            var score = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(at));
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 4));
            if (length < 0 || length > Math.Max(longest, 16) || length > bytes.Length - at - 8) throw Bad($"id {pieces.Count} is said to be {length} bytes long");
            pieces.Add(ToPiece(pieces.Count, Encoding.UTF8.GetString(bytes, at + 8, length), score));
            at += 8 + length;
        }
        for (var i = 0; i < BytePieces; i++)
            if (pieces.Count <= FirstByte + i || pieces[FirstByte + i].Type != PieceType.Byte) throw Bad($"id {FirstByte + i} is not the byte <0x{i:X2}>");
        return pieces;
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return FileText.ReadBytes(path, LargestFile);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
    }

    private static Piece ToPiece(int id, string text, float score) => id switch
    {
        0 => new Piece(text, score, PieceType.Unknown),
        1 or 2 => new Piece(text.Trim('\n'), score, PieceType.Control),
        _ when id - FirstByte is >= 0 and < BytePieces && text == $"<0x{id - FirstByte:X2}>" => new Piece(text, score, PieceType.Byte),
        _ => new Piece(text.Replace(' ', '▁'), score, PieceType.Normal),
    };
}
