using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Suites;

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
    /// Worked examples for each question: the first n of the pool, or a fresh draw per question from one seeded generator. An example that equals its
    /// question is left out, for it holds the answer.
    /// </summary>
    /// <param name="pool">Where examples come from.</param>
    /// <param name="questions">How many questions there are.</param>
    /// <param name="n">Examples before each.</param>
    /// <param name="seed">Seed of the generator.</param>
    /// <param name="firstN">The first n instead of a draw.</param>
    /// <param name="ownRows">Whether pool and questions are the same rows: then one more is drawn, as lm-eval does, since a question's own may be among them.</param>
    /// <param name="equal">Whether the question of a number and an example are equal by content.</param>
    /// <exception cref="EvaluationException">The pool has too few examples that differ from a question.</exception>
    public static IReadOnlyList<IReadOnlyList<T>> Draw<T>(IReadOnlyList<T> pool, int questions, int n, int seed, bool firstN, bool ownRows, Func<int, T, bool> equal)
    {
        if (n == 0) return [.. Enumerable.Repeat<IReadOnlyList<T>>([], questions)];
        var needed = n + (ownRows ? 1 : 0);
        if (pool.Count < needed) throw new EvaluationException($"few_shot {n} needs {needed} examples, the pool has {pool.Count}");
        var random = new PythonRandom(seed);
        var all = Enumerable.Range(0, pool.Count).ToArray();
        var result = new List<IReadOnlyList<T>>();
        for (var q = 0; q < questions; q++)
        {
            var question = q;
            var drawn = firstN ? all : random.Sample(all, needed);
            List<int> chosen = [.. drawn.Where(i => !equal(question, pool[i])).Take(n)];
            if (chosen.Count < n && !firstN) chosen.AddRange(More(chosen, n - chosen.Count));
            if (chosen.Count < n) throw new EvaluationException($"few_shot {n}: question {q + 1} has only {chosen.Count} examples in the pool that are not the question itself");
            result.Add([.. chosen.Select(i => pool[i])]);

            // Where equal rows were drawn, others take their place; a generator of the question's own leaves the other questions' draws as they are.
            IEnumerable<int> More(List<int> have, int count)
            {
                var rest = all.Where(i => !have.Contains(i) && !equal(question, pool[i])).ToArray();
                return new PythonRandom(seed + 1L + question).Sample(rest, Math.Min(count, rest.Length));
            }
        }
        return result;
    }

    /// <summary>Whether two texts are the same but for white space.</summary>
    public static bool SameText(string left, string right)
        => left == right || string.Join(' ', left.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) == string.Join(' ', right.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
