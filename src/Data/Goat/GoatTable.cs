using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>The cells of the published data: 1,746,300 rows, every count as in the released generator (reference section 4).</summary>
internal static class GoatTable
{
    /// <summary>Rows of the whole table.</summary>
    public const int PaperRows = 1_746_300;

    /// <summary>The published cells.</summary>
    public static IReadOnlyList<GoatCell> Paper { get; } =
    [
        .. Sums(GoatPart.Addition, GoatOperation.Add), .. Sums(GoatPart.Subtraction, GoatOperation.Subtract),
        .. ProductsByDigit(), .. Products(), .. QuotientsByDigit(), .. Quotients(),
    ];

    /// <summary>Rows drawn once the cells with so many published rows are done; fewer or more rows keep their shares.</summary>
    public static long UpTo(long published, int? count) => count is { } rows ? published * rows / PaperRows : published;

    /// <summary>Even cells over operand lengths: every pair i ≤ j for sums, differences and products, dividend at least as long as divisor for quotients.</summary>
    public static IReadOnlyList<GoatCell> Even(GoatOptions options, int rows)
    {
        var cells = new List<GoatCell>();
        for (var o = 0; o < options.Operations.Count; o++)
        {
            var operation = options.Operations[o];
            var pairs = new List<(int Short, int Long)>();
            for (var i = options.MinDigits; i <= options.MaxDigits; i++)
                for (var j = i; j <= (GoatDraws.HasOneLength(operation) ? i : options.MaxDigits); j++) pairs.Add((i, j));
            var share = Share(rows, options.Operations.Count, o);
            for (var p = 0; p < pairs.Count; p++)
            {
                var (i, j) = pairs[p];
                cells.Add(new GoatCell(PartOf(operation, i), $"{operation.ToString().ToLowerInvariant()} {i}×{j} digits", Share(share, pairs.Count, p))
                {
                    Draw = GoatDraws.Of(operation, OperandRange.Digits(i), OperandRange.Digits(j), options.Signed, options.Decimals),
                });
            }
        }
        return cells;
    }

    private static GoatPart PartOf(GoatOperation operation, int shortDigits) => operation switch
    {
        GoatOperation.Add => GoatPart.Addition,
        GoatOperation.Subtract => GoatPart.Subtraction,
        GoatOperation.Multiply => shortDigits == 1 ? GoatPart.MultiplicationByDigit : GoatPart.Multiplication,
        GoatOperation.MultiplyByDigit => GoatPart.MultiplicationByDigit,
        GoatOperation.Divide => shortDigits == 1 ? GoatPart.DivisionByDigit : GoatPart.Division,
        GoatOperation.DivideByDigit => GoatPart.DivisionByDigit,
        _ => GoatPart.Other,
    };

    private static int Share(int total, int parts, int index) => total / parts + (index < total % parts ? 1 : 0);

    private static IEnumerable<GoatCell> Sums(GoatPart part, GoatOperation operation)
    {
        foreach (var from in (int[])[1, 3, 6, 9, 12])
            for (var i = from; i <= 15; i++)
                for (var j = i; j <= 15; j++)
                {
                    var (a, b) = (OperandRange.Loose(i), OperandRange.Loose(j));
                    yield return new(part, $"{part} {i}×{j} digits", 1000) { Draw = random => GoatDraws.Swapped(operation, a.Draw(random), b.Draw(random), random) };
                }
    }

    // Rows per length of the long number, for the two parts with a one-digit operand.
    private static int RowsByLength(int digits) => digits switch { <= 4 => 4_000, <= 7 => 8_000, <= 11 => 12_000, _ => 16_000 };

    private static IEnumerable<GoatCell> ProductsByDigit()
    {
        const GoatPart part = GoatPart.MultiplicationByDigit;
        for (var digits = 2; digits <= 16; digits++)
        {
            var other = OperandRange.Plus(digits);
            yield return new(part, $"2–9 × {digits} digits", RowsByLength(digits)) { Draw = random => ByDigit(OperandRange.Of(2, 9), other, random) };
        }
        foreach (var factor in (int[])[0, 1, 10])
            for (var digits = 2; digits <= 15; digits++)
            {
                var other = OperandRange.Strict(digits);
                yield return new(part, $"{factor} × {digits} digits", 500) { Draw = random => ByDigit(OperandRange.Of(factor, factor), other, random) };
            }
        yield return new(part, "1–9 × 1–9", 500) { Draw = random => ByDigit(OperandRange.Of(1, 9), OperandRange.Of(1, 9), random) };
    }

    private static GoatQuestion ByDigit(OperandRange small, OperandRange other, SeededRandom random)
    {
        var factor = small.Draw(random);
        if (random.NextDouble() < 0.1) factor *= OperandRange.Power(1 + random.Next(6));
        return GoatDraws.Swapped(GoatOperation.Multiply, factor, other.Draw(random), random);
    }

    private static IEnumerable<GoatCell> Products()
    {
        foreach (var from in (int[])[2, 4, 5])
            for (var i = from; i <= 6; i++)
                for (var j = i; j <= 12 - i; j++) yield return Product(i, j);
        for (var i = 3; i <= 6; i++) yield return Product(i, i);

        static GoatCell Product(int i, int j)
        {
            var (a, b) = (OperandRange.Strict(i), OperandRange.Strict(j));
            return new(GoatPart.Multiplication, $"{i}×{j} digits", 10_000)
            {
                Draw = random => GoatDraws.Swapped(GoatOperation.Multiply, a.Draw(random), b.Draw(random), random),
            };
        }
    }

    private static IEnumerable<GoatCell> QuotientsByDigit()
    {
        for (var digits = 1; digits <= 16; digits++)
            yield return ByQuotient($"{digits} digits ÷ 2–9", RowsByLength(digits), OperandRange.Of(2, 9), OperandRange.Plus(digits));
        foreach (var divisor in (int[])[1, 10])
            for (var digits = 1; digits <= 16; digits++)
                yield return ByQuotient($"{digits} digits ÷ {divisor}", 500, OperandRange.Of(divisor, divisor), OperandRange.Plus(digits));
        for (var digits = 1; digits <= 16; digits++)
            yield return ByQuotient($"below a divisor of {digits} digits", 100, OperandRange.Plus(digits), OperandRange.Of(0, 0));
        yield return ByQuotient("1–10 ÷ 1–10", 500, OperandRange.Of(1, 10), OperandRange.Of(1, 10));
        for (var digits = 1; digits <= 17; digits++)
        {
            var dividend = OperandRange.Plus(digits);
            yield return new(GoatPart.DivisionByDigit, $"{digits} digits ÷ 0", 100) { Draw = random => new(GoatOperation.Divide, dividend.Draw(random), 0) };
        }

        static GoatCell ByQuotient(string name, int rows, OperandRange divisors, OperandRange quotients) => new(GoatPart.DivisionByDigit, name, rows)
        {
            Draw = random =>
            {
                var (divisor, quotient) = (divisors.Draw(random), quotients.Draw(random));
                var remainder = divisor > 1 && random.Next(2) == 0 ? random.Next(1, divisor - 1) : 0;
                return new(GoatOperation.Divide, divisor * quotient + remainder, divisor);
            },
        };
    }

    private static IEnumerable<GoatCell> Quotients()
    {
        for (var i = 2; i <= 6; i++)
            for (var n = i + 1; n <= i + 6; n++) yield return Quotient(n, i, 10_000);
        for (var i = 2; i <= 6; i++)
            for (var n = 2; n <= i + 6; n++) yield return Quotient(n, i, 1_000);

        static GoatCell Quotient(int dividendDigits, int divisorDigits, int rows)
        {
            var (dividends, divisors) = (OperandRange.Plus(dividendDigits), OperandRange.Plus(divisorDigits));
            return new(GoatPart.Division, $"{dividendDigits} ÷ {divisorDigits} digits", rows)
            {
                Draw = random =>
                {
                    var (dividend, divisor) = (dividends.Draw(random), divisors.Draw(random));
                    if (dividend > divisor && random.Next(2) == 0) dividend -= dividend % divisor;
                    return new(GoatOperation.Divide, dividend, divisor);
                },
            };
        }
    }
}
