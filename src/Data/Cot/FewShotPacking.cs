using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Cot;

/// <summary>
/// Worked examples in front of a question, as FLAN v2 packs them: the examples' questions and answers are part of the prompt, and the last answer alone is
/// learnt. The marks between question and answer are drawn per row.
/// </summary>
public sealed class FewShotPacking
{
    /// <summary>Examples that are drawn from: more would be held in memory for no more variety.</summary>
    public const int PoolRows = 256;

    private static readonly (string Question, string Answer, string Between)[] _marks =
    [
        ("Q: ", "\nA: ", "\n\n"), ("Question: ", "\nAnswer: ", "\n\n"), ("", "\n", "\n\n"), ("Input: ", "\nOutput: ", "\n\n"), ("[Question] ", "\n[Answer] ", "\n---\n"), ("问题：", "\n回答：", "\n\n"),
    ];

    private readonly IReadOnlyList<(string Identity, InstructionRecord Record)> _pool;
    private readonly int _shots;
    private readonly long _seed;

    /// <summary>Makes a packing.</summary>
    /// <param name="pool">Rows that may be examples, as they are taught, each with what tells it from others.</param>
    /// <param name="shots">Examples before each question.</param>
    /// <param name="seed">Seed of the draws.</param>
    public FewShotPacking(IReadOnlyList<(string Identity, InstructionRecord Record)> pool, int shots, long seed) => (_pool, _shots, _seed) = (pool, shots, seed);

    /// <summary>The row with its examples in front; fewer where the source has not as many other rows.</summary>
    /// <param name="identity">What tells the row from others: it is no example of itself.</param>
    /// <param name="record">The row as it is taught.</param>
    public InstructionRecord Pack(string identity, InstructionRecord record)
    {
        var random = SeededRandom.For(_seed, "few-shot:" + record.Source, record.Row);
        var (question, answer, between) = _marks[MarksOf(record, random)];
        var order = Enumerable.Range(0, _pool.Count).Where(i => _pool[i].Identity != identity && Asked(_pool[i].Record) != Asked(record)).ToArray();
        random.Shuffle<int>(order);
        var text = string.Concat(order.Take(_shots).Select(i => question + Asked(_pool[i].Record) + answer + _pool[i].Record.Output.Trim() + between));
        return record with { Instruction = text + question + Asked(record) + answer.TrimEnd(), Input = "" };
    }

    // The last marks are for rows in Chinese, whose questions they fit.
    private static int MarksOf(InstructionRecord record, SeededRandom random)
    {
        var drawn = random.Next(_marks.Length - 1);
        return record.Instruction.Any(c => c is >= '\u4E00' and <= '\u9FFF') ? _marks.Length - 1 : drawn;
    }

    private static string Asked(InstructionRecord record) => record.Input.Length > 0 ? $"{record.Instruction}\n{record.Input}" : record.Instruction;
}
