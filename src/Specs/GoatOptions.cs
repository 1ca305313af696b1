namespace AlpacaCot.Specs;

/// <summary>What the generator asks: the four operations of Goat, further ones, and the tasks of its study of what is learnable.</summary>
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

    /// <summary>a mod b: the least remainder that is not negative.</summary>
    Modulo,

    /// <summary>gcd(a, b), worked out by Euclid's steps.</summary>
    Gcd,

    /// <summary>a ^ n, with n from 0 to 4.</summary>
    Power,

    /// <summary>Expressions of three or four numbers with <c>+ - *</c> and brackets.</summary>
    Mixed,

    /// <summary>A number is written again.</summary>
    Copy,

    /// <summary>A number as the sum of its place values.</summary>
    Split,

    /// <summary>Which of two different numbers is larger.</summary>
    Compare,

    /// <summary>Three numbers from the smallest to the largest.</summary>
    Order,

    /// <summary>n digits × 1 digit.</summary>
    MultiplyByDigit,

    /// <summary>n digits ÷ 1 digit.</summary>
    DivideByDigit,
}

/// <summary>Steps of a worked product or quotient that an ablation leaves out (arXiv 2305.14201, figures 2 and 3).</summary>
public enum GoatStep
{
    /// <summary><c>split</c>: <c>4429 * (300 + 90 + 7)</c>.</summary>
    Split,

    /// <summary><c>expansion</c>: <c>4429 * 300 + 4429 * 90 + 4429 * 7</c>.</summary>
    Expansion,

    /// <summary><c>product</c>: the products at once, <c>1328700 + 398610 + 31003</c>; in a division the middle <c>8914 - 6400</c>.</summary>
    Product,

    /// <summary><c>adding</c>: adding term by term; without it the sum follows at once.</summary>
    Adding,
}

/// <summary>How an answer is written out.</summary>
public enum GoatStyle
{
    /// <summary><c>goat</c>: as published (arXiv 2305.14201): sums and differences direct, products and quotients of long numbers with working.</summary>
    Goat,

    /// <summary><c>direct</c>: <c>a op b = c</c> whatever the operation.</summary>
    Direct,

    /// <summary><c>steps</c>: worked out, then the same last line as <see cref="Direct"/>; sums, differences and n × 1 digit column by column, and every task of the study with its chain.</summary>
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

/// <summary>What the Goat generator draws. Two options that differ only in <see cref="Style"/> and <see cref="Without"/> give the same questions in the same order and wording.</summary>
public sealed record GoatOptions
{
    /// <summary>Most digits of an operand.</summary>
    public const int DigitLimit = 64;

    /// <summary>Most decimal places of an operand.</summary>
    public const int DecimalLimit = 16;

    private static readonly GoatOperation[] _decimal = [GoatOperation.Add, GoatOperation.Subtract, GoatOperation.Multiply];
    private static readonly GoatOperation[] _signed = [.. _decimal, GoatOperation.Mixed];

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

    /// <summary>Steps that worked products and quotients are written without.</summary>
    public IReadOnlyList<GoatStep> Without { get; init; } = [];

    /// <summary>Whether operands may be negative (sums, differences, products, expressions).</summary>
    public bool Signed { get; init; }

    /// <summary>Most decimal places of an operand (sums, differences, products); 0 is whole numbers.</summary>
    public int Decimals { get; init; }

    /// <summary>All mistakes, each a line that names the key.</summary>
    public IEnumerable<string> Mistakes()
    {
        if (Operations.Count == 0) yield return $"goat.operations: names none; known: {string.Join(", ", Words.Operations.Select(o => o.Word))}";
        if (Decimals is < 0 or > DecimalLimit) yield return $"goat.decimals: {Decimals} is not within 0 and {DecimalLimit}";
        if (Paper && (Signed || Decimals > 0)) yield return "goat.paper: the published table holds whole numbers without signs; remove signed and decimals";
        else if (Decimals > 0 && Operations.Except(_decimal).ToList() is { Count: > 0 } whole)
            yield return $"goat.decimals: {string.Join(", ", whole.Select(o => Words.Operations.Of(o)))} takes whole numbers; decimals are for {string.Join(", ", _decimal.Select(o => Words.Operations.Of(o)))}";
        else if (Signed && Operations.Except(_signed).ToList() is { Count: > 0 } positive)
            yield return $"goat.signed: {string.Join(", ", positive.Select(o => Words.Operations.Of(o)))} takes no negative numbers; signs are for {string.Join(", ", _signed.Select(o => Words.Operations.Of(o)))}";
        if (MinDigits < 1 || MaxDigits < MinDigits || MaxDigits > DigitLimit)
            yield return $"goat.digits: [{MinDigits}, {MaxDigits}] is not a range within 1 and {DigitLimit}";
        if (Count is < 1 or > CountLimit) yield return $"goat.count: {Count} must be from 1 to {CountLimit}";
    }
}
