using System.Buffers.Binary;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Models.Conversion;

/// <summary>Kinds of pieces; the numbers are the format's.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece vocabulary; ▁ stands for a space.</summary>
internal sealed record Piece(string Text, float Score, PieceType Type);

/// <summary>The ids that a SentencePiece model names; -1 for none.</summary>
internal readonly record struct SentencePieceIds(int Unknown, int Begin, int End, int Pad)
{
    /// <summary>LLaMA's.</summary>
    public static SentencePieceIds Llama => new(0, 1, 2, -1);
}

/// <summary>
/// A <c>tokenizer.model</c>: SentencePiece's ModelProto (pieces = 1, trainer_spec = 2, normalizer_spec = 3) for a BPE vocabulary with
/// byte fallback and no normalisation, as LLaMA's is.
/// </summary>
internal static class SentencePieceModel
{
    /// <summary>The file for a vocabulary.</summary>
    /// <param name="pieces">The pieces by id.</param>
    /// <param name="ids">The ids with a meaning.</param>
    /// <param name="blankInFront">Whether a blank is put in front of a text.</param>
    public static byte[] Write(IReadOnlyList<Piece> pieces, SentencePieceIds ids, bool blankInFront = true)
    {
        var model = new Message();
        foreach (var piece in pieces)
        {
            var entry = new Message();
            entry.Text(1, piece.Text);
            entry.Float(2, piece.Score);
            if (piece.Type != PieceType.Normal) entry.Number(3, (int)piece.Type);
            model.Nested(1, entry);
        }

        var trainer = new Message();
        trainer.Number(3, 2);                    // model_type: BPE
        trainer.Number(4, pieces.Count);         // vocab_size
        trainer.Number(25, 1);                   // split_digits
        trainer.Number(26, 1);                   // allow_whitespace_only_pieces
        trainer.Number(35, 1);                   // byte_fallback
        trainer.Number(40, ids.Unknown);         // unk_id, bos_id, eos_id, pad_id
        trainer.Number(41, ids.Begin);
        trainer.Number(42, ids.End);
        trainer.Number(43, ids.Pad);
        model.Nested(2, trainer);

        var normalizer = new Message();
        normalizer.Text(1, "identity");
        normalizer.Number(3, blankInFront ? 1 : 0);   // add_dummy_prefix
        normalizer.Number(4, 0);                 // remove_extra_whitespaces
        normalizer.Number(5, 1);                 // escape_whitespaces
        model.Nested(3, normalizer);
        return model.ToArray();
    }

    /// <summary>The pieces of a file, by id.</summary>
    /// <exception cref="ModelException">It is damaged.</exception>
    public static IReadOnlyList<Piece> Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = FileText.ReadBytes(path, GgufTokenizer.LargestTokenizer);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
        var pieces = new List<Piece>();
        foreach (var (field, entry) in Fields(path, bytes))
        {
            if (field != 1) continue;
            var (text, score, type) = ("", 0f, PieceType.Normal);
            foreach (var (part, value) in Fields(path, entry))
                if (part == 1) text = Encoding.UTF8.GetString(value.Span);
                else if (part == 2 && value.Length == 4) score = BinaryPrimitives.ReadSingleLittleEndian(value.Span);
                else if (part == 3 && value.Length == 1) type = (PieceType)value.Span[0];
            pieces.Add(new Piece(text, score, type));
        }
        return pieces.Count > 0 ? pieces : throw new ModelException($"{path}: holds no pieces");
    }

    // Field numbers with their bytes: of a number those of its varint, which for the one that is read here is a single byte.
    private static IEnumerable<(int Field, ReadOnlyMemory<byte> Value)> Fields(string path, ReadOnlyMemory<byte> message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint();
            var start = at;
            long length = (tag & 7) switch { 0 => -1, 1 => 8, 5 => 4, 2 => (long)Math.Min(Varint(), int.MaxValue), var wire => throw new ModelException($"{path}: is no SentencePiece model (wire type {wire})") };
            if (length < 0) Varint();
            else start = at;
            var end = length < 0 ? at : start + length;
            if (end > message.Length) throw new ModelException($"{path}: ends inside a field");
            yield return ((int)(tag >> 3), message[start..(int)end]);
            at = (int)end;
        }

        ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (at >= message.Length) throw new ModelException($"{path}: ends inside a number");
                var part = message.Span[at++];
                value |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80) return value;
            }
            throw new ModelException($"{path}: holds a number that is too long");
        }
    }

    /// <summary>The few wire types of protobuf that the format needs.</summary>
    private sealed class Message
    {
        private readonly MemoryStream _bytes = new();

        public void Number(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        public void Float(int field, float value)
        {
            Varint((ulong)field << 3 | 5);
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            _bytes.Write(bytes);
        }

        public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        public void Nested(int field, Message message) => Bytes(field, message.ToArray());

        public byte[] ToArray() => _bytes.ToArray();

        private void Bytes(int field, byte[] value)
        {
            Varint((ulong)field << 3 | 2);
            Varint((ulong)value.Length);
            _bytes.Write(value);
        }

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7) _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}
