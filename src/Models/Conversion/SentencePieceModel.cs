using System.Buffers.Binary;
using System.Text;

namespace AlpacaCot.Models.Conversion;

/// <summary>Kinds of pieces; the numbers are the format's.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece vocabulary; ▁ stands for a space.</summary>
internal sealed record Piece(string Text, float Score, PieceType Type);

/// <summary>
/// Writes a <c>tokenizer.model</c>: SentencePiece's ModelProto (pieces = 1, trainer_spec = 2, normalizer_spec = 3) for a BPE vocabulary with
/// byte fallback, ids 0 unknown, 1 begin, 2 end, no normalisation, a blank put in front, as LLaMA's is.
/// </summary>
internal static class SentencePieceModel
{
    public static byte[] Write(IReadOnlyList<Piece> pieces)
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
        trainer.Number(40, 0);                   // unk_id, bos_id, eos_id, pad_id
        trainer.Number(41, 1);
        trainer.Number(42, 2);
        trainer.Number(43, -1);
        model.Nested(2, trainer);

        var normalizer = new Message();
        normalizer.Text(1, "identity");
        normalizer.Number(3, 1);                 // add_dummy_prefix
        normalizer.Number(4, 0);                 // remove_extra_whitespaces
        normalizer.Number(5, 1);                 // escape_whitespaces
        model.Nested(3, normalizer);
        return model.ToArray();
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
