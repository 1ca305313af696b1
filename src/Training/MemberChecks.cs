using AlpacaCot.Data;
using AlpacaCot.Models;

namespace AlpacaCot.Training;

/// <summary>What can be known to fail before the first step.</summary>
internal static class MemberChecks
{
    /// <exception cref="TrainingException">Names every fault, separated by semicolons.</exception>
    public static void Require(IReadOnlyList<TrainingMember> members, Decoder decoder)
    {
        var faults = new List<string>();
        if (members.Count == 0) faults.Add("a training needs at least one member");
        foreach (var twice in members.GroupBy(member => member.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
            faults.Add($"{twice.Count()} members are named '{twice.Key}'");
        if (members.Count > 1)
            foreach (var member in members.Where(member => member.Adapter.TrainsBase)) faults.Add($"{member.Name}: it trains the base's own weights and shares the base with nobody: give it a training of its own");
        foreach (var member in members)
        {
            faults.AddRange(member.Settings.Faults().Select(fault => $"{member.Name}: {fault}"));
            if (member.Settings.LearningRate is null) faults.Add($"{member.Name}: learning_rate is missing");
            if (member.Adapter.Prefix.Count >= decoder.Config.MaxPositions)
                faults.Add($"{member.Name}: {member.Adapter.Prefix.Count} virtual tokens leave no room in a context of {decoder.Config.MaxPositions}");
            if (member.Examples.Count == 0) faults.Add($"{member.Name}: there are no training rows");
            faults.AddRange(RowFaults(member.Examples, decoder).Take(3).Select(fault => $"{member.Name}: training row {fault}"));
            faults.AddRange(RowFaults(member.Validation, decoder).Take(3).Select(fault => $"{member.Name}: held-out row {fault}"));
        }
        if (faults.Count > 0) throw new TrainingException(string.Join("; ", faults));
    }

    private static IEnumerable<string> RowFaults(IReadOnlyList<Example> rows, Decoder decoder)
    {
        var vocabulary = decoder.Config.VocabularySize;
        for (var i = 0; i < rows.Count; i++)
        {
            var (ids, labels) = rows[i];
            if (ids.Length != labels.Length) yield return $"{i + 1} has {ids.Length} ids and {labels.Length} labels";
            else if (Array.FindIndex(ids, id => (uint)id >= (uint)vocabulary) is >= 0 and var at)
                yield return $"{i + 1} has token {ids[at]}, but the model's vocabulary is {vocabulary}; does the tokenizer belong to this model?";
            else if (!labels.Skip(1).Any(label => label != Example.Ignored)) yield return $"{i + 1} has nothing to learn (all labels are -100)";
        }
    }
}
