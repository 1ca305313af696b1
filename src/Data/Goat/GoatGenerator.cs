using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// Goat's data (arXiv 2305.14201) from a seed: cell by cell, no question twice where the cell has enough of them, training and held-out questions
/// never mixed, then shuffled.
/// </summary>
public static class GoatGenerator
{
    /// <summary>The name of this generator in a spec, and of its records' source.</summary>
    public const string Name = SourceSpec.GoatName;

    /// <summary>Version of the generator; raised when the same options and seed give other records.</summary>
    public const string Version = "1";

    /// <summary>Questions where the options name no count.</summary>
    public const int DefaultCount = 10_000;

    private const int EvenMisses = 500;
    private const int PaperMisses = 50;

    /// <summary>Draws the questions and writes their records. The style changes the outputs and nothing else.</summary>
    /// <exception cref="DatasetException">The options are wrong, or there are not enough different questions.</exception>
    public static IReadOnlyList<GoatItem> Generate(GoatOptions options, long seed)
    {
        var questions = Questions(options, seed);
        var items = new GoatItem[questions.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var question = questions[i];
            var instruction = options.Noise ? GoatLanguage.Request(question, SeededRandom.For(seed, "goat-language", i)) : question.Expression;
            items[i] = new(question, new InstructionRecord(
                instruction, question.Expression, GoatWorking.Output(question, options.Style), null, question.Answer, Name, i + 1));
        }
        return items;
    }

    /// <summary>The questions alone, in the order of <see cref="Generate"/>.</summary>
    /// <exception cref="DatasetException">The options are wrong, or there are not enough different questions.</exception>
    public static IReadOnlyList<GoatQuestion> Questions(GoatOptions options, long seed)
    {
        if (options.Mistakes().ToList() is { Count: > 0 } mistakes) throw new DatasetException(string.Join("; ", mistakes));
        var questions = (options.Paper ? FromPaper(options, seed) : FromEvenCells(options, seed)).ToArray();
        SeededRandom.For(seed, "goat-order").Shuffle<GoatQuestion>(questions);
        return questions;
    }

    // A cell that runs out of new questions passes its rest on to the others.
    private static List<GoatQuestion> FromEvenCells(GoatOptions options, long seed)
    {
        var count = options.Count ?? DefaultCount;
        var questions = new List<GoatQuestion>(count);
        var seen = new HashSet<GoatQuestion>();
        var cells = GoatTable.Even(options, count)
            .Select((cell, index) => (Cell: cell, Random: SeededRandom.For(seed, "goat-cell", index)))
            .ToList();
        var wanted = cells.Select(cell => cell.Cell.Rows).ToList();
        while (cells.Count > 0)
        {
            for (var i = cells.Count - 1; i >= 0; i--)
            {
                while (wanted[i] > 0 && TryDraw(cells[i].Cell, options.Split, cells[i].Random, seen, EvenMisses, out var question))
                {
                    questions.Add(question!);
                    wanted[i]--;
                }
                if (wanted[i] == 0) continue;
                cells.RemoveAt(i);
                wanted.RemoveAt(i);
            }
            var missing = count - questions.Count;
            if (missing == 0) return questions;
            for (var i = 0; i < cells.Count; i++) wanted[i] = missing / cells.Count + (i < missing % cells.Count ? 1 : 0);
        }
        throw new DatasetException(
            $"goat.count: {count} questions asked for, but only about {questions.Count} different ones exist with these digits; lower count or widen digits");
    }

    // The published counts hold exactly, so a small cell may repeat itself once it is exhausted, as the published data does.
    private static List<GoatQuestion> FromPaper(GoatOptions options, long seed)
    {
        var questions = new List<GoatQuestion>(options.Count ?? GoatTable.PaperRows);
        var seen = new HashSet<GoatQuestion>();
        var (rowsBefore, drawnBefore) = (0L, 0L);
        for (var i = 0; i < GoatTable.Paper.Count; i++)
        {
            var cell = GoatTable.Paper[i];
            rowsBefore += cell.Rows;
            var until = options.Count is { } count ? rowsBefore * count / GoatTable.PaperRows : rowsBefore;
            var random = SeededRandom.For(seed, "goat-cell", i);
            for (; drawnBefore < until; drawnBefore++)
            {
                if (!TryDraw(cell, options.Split, random, seen, PaperMisses, out var question) && !TryDraw(cell, options.Split, random, [], 10_000, out question))
                    throw new DatasetException($"goat: the cell \"{cell.Name}\" has no {(options.Split == GoatSplit.Train ? "trainable" : "held-out")} question");
                questions.Add(question!);
            }
        }
        return questions;
    }

    private static bool TryDraw(
        GoatCell cell, GoatSplit split, SeededRandom random, HashSet<GoatQuestion> seen, int misses, out GoatQuestion? question)
    {
        // A draw on the wrong side of the held-out rule is not a sign of an exhausted cell: allow for as many more as the rule takes away.
        var tries = split == GoatSplit.Train ? misses : misses * 1000 / GoatHeldOut.PerMille;
        for (; tries > 0; tries--)
        {
            question = cell.Draw(random);
            if (GoatHeldOut.Contains(question) == (split == GoatSplit.HeldOut) && seen.Add(Key(question))) return true;
        }
        question = null;
        return false;
    }

    // A sum or product turned around is the same question.
    private static GoatQuestion Key(GoatQuestion question)
        => question.Operation is GoatOperation.Add or GoatOperation.Multiply && question.Left > question.Right
            ? new(question.Operation, question.Right, question.Left)
            : question;
}
