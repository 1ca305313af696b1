using AlpacaCot.Specs;

namespace AlpacaCot.Data.Masking;

/// <summary>A question with its answer, as ids.</summary>
/// <param name="Prompt">What is asked with; of the first exchange all before it too.</param>
/// <param name="Answer">The answer, without EOS.</param>
/// <param name="Learned">Whether it is learnt.</param>
/// <param name="Ends">Whether an EOS id follows.</param>
internal readonly record struct Exchange(int[] Prompt, int[] Answer, bool Learned, bool Ends)
{
    public int Length => Prompt.Length + Answer.Length + (Ends ? 1 : 0);
}

/// <summary>Puts exchanges together under a cutoff. The last id is always a learnt EOS.</summary>
internal sealed class Cutting(int cutoff, int eos, int? bos, MaskOptions options)
{
    private List<int> _ids = [];
    private List<int> _labels = [];

    /// <summary>The example, or the cause for which there is none.</summary>
    public BuiltExample Build(List<Exchange> exchanges)
    {
        // What follows the last answer that is learnt teaches nothing.
        var kept = exchanges[..(exchanges.FindLastIndex(exchange => exchange.Learned) + 1)];
        kept[^1] = kept[^1] with { Ends = true };
        if (kept.TrueForAll(exchange => !exchange.Learned || exchange.Answer.Length == 0)) return new(null, RefusalCause.EmptyAnswer, 0);
        var whole = kept.Sum(exchange => exchange.Length);
        if (whole > cutoff && options.Truncation == Truncation.Drop) return new(null, RefusalCause.OverCutoff, whole);
        if (whole > cutoff && options.Truncation == Truncation.Left) kept = FromTheLeft(kept);
        if (kept.Count == 0) return new(null, RefusalCause.OverCutoff, whole);
        var length = Math.Min(whole, cutoff) + 1;
        (_ids, _labels) = (new List<int>(length), new List<int>(length));
        for (var i = 0; i < kept.Count; i++)
        {
            var (prompt, answer, learned, ends) = kept[i];
            var room = cutoff - _ids.Count - prompt.Length - 1;
            if (room < 1 || (!learned && answer.Length > room))
            {
                if (!_labels.Exists(label => label != Example.Ignored)) return new(null, RefusalCause.PromptFillsCutoff, i == 0 ? prompt.Length : whole);
                break;
            }
            var cut = answer.Length > room;
            Add(prompt, options.TrainOnPrompt);
            Add(cut ? answer[..room] : answer, learned || options.TrainOnPrompt);
            // An answer that is cut ends the example, and the EOS id has its place.
            if (ends || cut) Add([eos], learned || options.TrainOnPrompt);
            if (cut) break;
        }
        return Ended() ? new(new Example([.. _ids], [.. _labels]), null, whole) : new(null, RefusalCause.PromptFillsCutoff, whole);
    }

    /// <summary>The exchanges without the oldest ones, and the last one's prompt without its beginning, so that its answer is whole; none where the answer alone is too long.</summary>
    private List<Exchange> FromTheLeft(List<Exchange> exchanges)
    {
        // A model has seen no text that begins without the id that its tokenizer begins with.
        int[] begin = bos is { } id && exchanges[0].Prompt.Length > 0 && exchanges[0].Prompt[0] == id ? [id] : [];
        exchanges = [exchanges[0] with { Prompt = exchanges[0].Prompt[begin.Length..] }, .. exchanges[1..]];
        var (first, room) = (exchanges.Count - 1, cutoff - begin.Length);
        var sum = exchanges[first].Length;
        while (first > 0 && sum + exchanges[first - 1].Length <= room) sum += exchanges[--first].Length;
        var kept = exchanges[first..];
        var over = Math.Max(0, sum - room);
        if (over > 0 && over >= kept[0].Prompt.Length) return [];
        kept[0] = kept[0] with { Prompt = [.. begin, .. kept[0].Prompt[over..]] };
        return kept;
    }

    /// <summary>Takes away what follows the last learnt token and makes sure that it is an EOS id; false where nothing is learnt.</summary>
    private bool Ended()
    {
        var last = _labels.FindLastIndex(label => label != Example.Ignored);
        if (last < 0) return false;
        _ids.RemoveRange(last + 1, _ids.Count - last - 1);
        _labels.RemoveRange(last + 1, _labels.Count - last - 1);
        if (_ids[^1] == eos) return true;
        if (_ids.Count == cutoff) (_ids[^1], _labels[^1]) = (eos, eos);
        else Add([eos], true);
        return true;
    }

    private void Add(int[] ids, bool learned)
    {
        _ids.AddRange(ids);
        foreach (var id in ids) _labels.Add(learned ? id : Example.Ignored);
    }
}
