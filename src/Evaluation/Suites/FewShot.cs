using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation;

/// <summary>Chooses questions and worked examples, with the generator that lm-eval uses.</summary>
internal static class FewShot
{
    /// <summary>All items, or <paramref name="limit"/> of them: the first, or a seeded draw kept in the items' order.</summary>
    public static IReadOnlyList<T> Limit<T>(IReadOnlyList<T> items, int limit, int seed, bool sample)
    {
        if (limit == 0 || limit >= items.Count) return items;
        if (!sample) return [.. items.Take(limit)];
        var drawn = new PythonRandom(seed).Sample(Enumerable.Range(0, items.Count).ToArray(), limit);
        return [.. drawn.Order().Select(i => items[i])];
    }

    /// <summary>
    /// Worked examples for each of <paramref name="questions"/> questions: the first n of the pool, or a fresh draw per question from one seeded generator.
    /// Where pool and questions are the same rows, <paramref name="isQuestion"/> names a question's own row, which is left out.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<T>> Draw<T>(IReadOnlyList<T> pool, int questions, int n, int seed, bool firstN, Func<int, T, bool>? isQuestion = null)
    {
        if (n == 0) return [.. Enumerable.Repeat<IReadOnlyList<T>>([], questions)];
        var needed = n + (isQuestion is null ? 0 : 1);
        if (pool.Count < needed) throw new EvaluationException($"few_shot {n} needs {needed} examples, the pool has {pool.Count}");
        var random = new PythonRandom(seed);
        var result = new List<IReadOnlyList<T>>();
        for (var q = 0; q < questions; q++)
        {
            var question = q;
            var drawn = firstN ? pool : random.Sample(pool, needed);
            result.Add([.. drawn.Where(example => isQuestion is null || !isQuestion(question, example)).Take(n)]);
        }
        return result;
    }
}
