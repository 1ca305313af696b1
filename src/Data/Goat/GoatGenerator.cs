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

    /// <summary>Rows that one thread writes at a time, and of which a few are held before they are asked for.</summary>
    private const int ChunkRows = 4096;

    /// <summary>Draws the questions and writes their records. The style and the steps left out change the outputs and nothing else.</summary>
    /// <exception cref="DatasetException">The options are wrong, or there are not enough different questions.</exception>
    public static IReadOnlyList<GoatItem> Generate(GoatOptions options, long seed) => [.. Stream(options, seed, threads: 1)];

    /// <summary>The same records in the same order, written by several threads a few thousand rows ahead of whoever reads them.</summary>
    /// <param name="options">What is drawn.</param>
    /// <param name="seed">The seed; with the options it gives the same records on any number of threads.</param>
    /// <param name="threads">Threads that write.</param>
    /// <exception cref="DatasetException">The options are wrong, or there are not enough different questions.</exception>
    public static IEnumerable<GoatItem> Stream(GoatOptions options, long seed, int threads)
    {
        var questions = Questions(options, seed);
        var form = GoatForm.Of(options);
        GoatItem At(int index) => Item(questions[index], index, options.Noise, form, seed);
        return threads <= 1 ? Enumerable.Range(0, questions.Count).Select(At) : Chunks(questions.Count, threads, At);
    }

    private static GoatItem Item(GoatQuestion question, int index, bool noise, GoatForm form, long seed)
    {
        var (expression, answer) = (question.Expression, question.Answer);
        var instruction = noise ? GoatLanguage.Request(question, expression, SeededRandom.For(seed, "goat-language", index)) : GoatLanguage.Plain(question, expression);
        return new(question, new InstructionRecord(instruction, expression, GoatWorking.Output(question, form, expression, answer), null, answer, Name, index + 1));
    }

    private static IEnumerable<GoatItem> Chunks(int count, int threads, Func<int, GoatItem> item)
    {
        var buffer = new GoatItem[Math.Min(count, threads * ChunkRows)];
        for (var from = 0; from < count; from += buffer.Length)
        {
            var (start, rows) = (from, Math.Min(buffer.Length, count - from));
            Parallel.For(0, rows, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => buffer[i] = item(start + i));
            for (var i = 0; i < rows; i++) yield return buffer[i];
        }
    }

    /// <summary>How many questions of each cell a draw of these options asks for; a cell that has fewer passes its rest on.</summary>
    /// <exception cref="DatasetException">The options are wrong.</exception>
    public static IReadOnlyList<(GoatPart Part, string Cell, int Rows)> Cells(GoatOptions options)
    {
        Require(options);
        if (!options.Paper) return [.. GoatTable.Even(options, options.Count ?? DefaultCount).Select(cell => (cell.Part, cell.Name, cell.Rows))];
        var cells = new List<(GoatPart, string, int)>();
        var (before, drawn) = (0L, 0L);
        foreach (var cell in GoatTable.Paper)
        {
            before += cell.Rows;
            var until = GoatTable.UpTo(before, options.Count);
            cells.Add((cell.Part, cell.Name, (int)(until - drawn)));
            drawn = until;
        }
        return cells;
    }

    private static void Require(GoatOptions options)
    {
        if (options.Mistakes().ToList() is { Count: > 0 } mistakes) throw new DatasetException(string.Join("; ", mistakes));
    }

    /// <summary>The questions alone, in the order of <see cref="Generate"/>.</summary>
    /// <exception cref="DatasetException">The options are wrong, or there are not enough different questions.</exception>
    public static IReadOnlyList<GoatQuestion> Questions(GoatOptions options, long seed)
    {
        Require(options);
        var questions = (options.Paper ? FromPaper(options, seed) : FromEvenCells(options, seed)).ToArray();
        SeededRandom.For(seed, "goat-order").Shuffle<GoatQuestion>(questions);
        return questions;
    }

    // A cell that runs out of new questions passes its rest on to the others.
    private static List<GoatQuestion> FromEvenCells(GoatOptions options, long seed)
    {
        var count = options.Count ?? DefaultCount;
        var questions = new List<GoatQuestion>(count);
        var seen = new HashSet<GoatQuestion>(SameQuestion.Comparer);
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
        var seen = new HashSet<GoatQuestion>(questions.Capacity, SameQuestion.Comparer);
        var (rowsBefore, drawnBefore) = (0L, 0L);
        for (var i = 0; i < GoatTable.Paper.Count; i++)
        {
            var cell = GoatTable.Paper[i];
            rowsBefore += cell.Rows;
            var until = GoatTable.UpTo(rowsBefore, options.Count);
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
            if (GoatHeldOut.Contains(question) == (split == GoatSplit.HeldOut) && seen.Add(question)) return true;
        }
        question = null;
        return false;
    }
}
