namespace AlpacaCot.Specs;

/// <summary>The four operations of Goat.</summary>
public enum GoatOperation
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a - b; the result may be negative.</summary>
    Subtract,

    /// <summary>a * b.</summary>
    Multiply,

    /// <summary>a / b with the least positive remainder.</summary>
    Divide,
}

/// <summary>How an answer is written out.</summary>
public enum GoatStyle
{
    /// <summary><c>goat</c>: as published (arXiv 2305.14201): sums and differences direct, products and quotients of long numbers with working.</summary>
    Goat,

    /// <summary><c>direct</c>: <c>a op b = c</c> whatever the operation.</summary>
    Direct,

    /// <summary><c>steps</c>: worked out, then the same last line as <see cref="Direct"/>; sums and differences column by column.</summary>
    Steps,
}

/// <summary>Which questions are drawn.</summary>
public enum GoatSplit
{
    /// <summary>Questions that may be trained on.</summary>
    Train,

    /// <summary>Questions that no training draw holds, under any seed (a hash of the question decides).</summary>
    HeldOut,
}

/// <summary>What the Goat generator draws. Two options that differ only in <see cref="Style"/> give the same questions in the same order and wording.</summary>
public sealed record GoatOptions
{
    /// <summary>Most digits of an operand.</summary>
    public const int DigitLimit = 64;

    /// <summary>Operations; the count is shared out evenly.</summary>
    public IReadOnlyList<GoatOperation> Operations { get; init; } = [GoatOperation.Add, GoatOperation.Subtract];

    /// <summary>Fewest digits of an operand.</summary>
    public int MinDigits { get; init; } = 1;

    /// <summary>Most digits of an operand. A cell is a pair of lengths; the count is shared out evenly over the cells.</summary>
    public int MaxDigits { get; init; } = 5;

    /// <summary>How answers are written.</summary>
    public GoatStyle Style { get; init; } = GoatStyle.Goat;

    /// <summary>Most questions of one source, three times the published set: all of them are held in memory, at some hundred bytes each.</summary>
    public const int CountLimit = 5_000_000;

    /// <summary>Questions to draw. Null: 10,000, or with <see cref="Paper"/> the published 1,746,300.</summary>
    public int? Count { get; init; }

    /// <summary>Language noise and request templates; otherwise the instruction is the clean expression.</summary>
    public bool Noise { get; init; } = true;

    /// <summary>Draw the published table of cells (all four operations, up to 17 digits) in place of operations and digits.</summary>
    public bool Paper { get; init; }

    /// <summary>Trainable or held-out questions.</summary>
    public GoatSplit Split { get; init; } = GoatSplit.Train;

    /// <summary>All mistakes, each a line that names the key.</summary>
    public IEnumerable<string> Mistakes()
    {
        if (Operations.Count == 0) yield return "goat.operations: names none; known: add, subtract, multiply, divide";
        if (MinDigits < 1 || MaxDigits < MinDigits || MaxDigits > DigitLimit)
            yield return $"goat.digits: [{MinDigits}, {MaxDigits}] is not a range within 1 and {DigitLimit}";
        if (Count is < 1 or > CountLimit) yield return $"goat.count: {Count} must be from 1 to {CountLimit}";
    }
}
