using System.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

internal enum PieceType { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

internal enum SentencePieceAlgorithm { Unigram = 1, Bpe = 2, Word = 3, Char = 4 }

internal sealed record Piece(string Text, float Score, PieceType Type);

/// <summary>What a SentencePiece <c>.model</c> file holds (sentencepiece_model.proto); absent fields have the defaults of that schema.</summary>
internal sealed record SentencePieceModel
{
    public IReadOnlyList<Piece> Pieces { get; init; } = [];
    public SentencePieceAlgorithm Algorithm { get; init; } = SentencePieceAlgorithm.Unigram;
    public bool WhitespaceAsSuffix { get; init; }
    public bool ByteFallback { get; init; }
    public int UnkId { get; init; }
    public int BosId { get; init; } = 1;
    public int EosId { get; init; } = 2;
    public int PadId { get; init; } = -1;
    public string UnkSurface { get; init; } = " \u2047 ";
    public byte[] CharsMap { get; init; } = [];
    public bool AddDummyPrefix { get; init; } = true;
    public bool RemoveExtraWhitespaces { get; init; } = true;
    public bool EscapeWhitespaces { get; init; } = true;

    /// <summary>Reads the bytes of a <c>.model</c> file.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such file.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> file)
    {
        var pieces = new List<Piece>();
        var model = new SentencePieceModel();
        var reader = new ProtoReader(file);
        while (reader.Next())
            switch (reader.Field)
            {
                case 1 when pieces.Count == TokenizerLimits.MostTokens: throw new InvalidDataException($"more than {TokenizerLimits.MostTokens} pieces");
                case 1: pieces.Add(ParsePiece(reader.Bytes)); break;
                case 2: model = ParseTrainer(reader.Bytes, model); break;
                case 3: model = ParseNormalizer(reader.Bytes, model); break;
            }
        if (pieces.Count == 0) throw new InvalidDataException("no pieces");
        // Ids are positions in the file. vocab_size of the trainer is not asked: published files state wrong ones.
        return model with { Pieces = pieces, UnkId = pieces.FindIndex(piece => piece.Type == PieceType.Unknown) is >= 0 and var unk ? unk : model.UnkId };
    }

    private static Piece ParsePiece(ReadOnlySpan<byte> message)
    {
        var piece = new Piece("", 0, PieceType.Normal);
        var reader = new ProtoReader(message);
        while (reader.Next())
            piece = reader.Field switch
            {
                1 => piece with { Text = TokenizerLimits.Token(Encoding.UTF8.GetString(reader.Bytes)) },
                2 => piece with { Score = reader.Single },
                3 => piece with { Type = (PieceType)reader.Number },
                _ => piece,
            };
        return piece;
    }

    private static SentencePieceModel ParseTrainer(ReadOnlySpan<byte> message, SentencePieceModel model)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
            model = reader.Field switch
            {
                3 => model with { Algorithm = (SentencePieceAlgorithm)reader.Number },
                24 => model with { WhitespaceAsSuffix = reader.Number != 0 },
                35 => model with { ByteFallback = reader.Number != 0 },
                40 => model with { UnkId = (int)(long)reader.Number },
                41 => model with { BosId = (int)(long)reader.Number },
                42 => model with { EosId = (int)(long)reader.Number },
                43 => model with { PadId = (int)(long)reader.Number },
                44 => model with { UnkSurface = TokenizerLimits.Token(Encoding.UTF8.GetString(reader.Bytes)) },
                _ => model,
            };
        return model;
    }

    private static SentencePieceModel ParseNormalizer(ReadOnlySpan<byte> message, SentencePieceModel model)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
            model = reader.Field switch
            {
                2 => model with { CharsMap = reader.Bytes.ToArray() },
                3 => model with { AddDummyPrefix = reader.Number != 0 },
                4 => model with { RemoveExtraWhitespaces = reader.Number != 0 },
                5 => model with { EscapeWhitespaces = reader.Number != 0 },
                _ => model,
            };
        return model;
    }
}
