using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Training;

/// <summary>
/// A hash of everything that decides a member's numbers: the base's content, its adapter's settings, its rows, its seed. What only cuts the work for the machine (token and logit budgets,
/// threads) is not part of it: a training goes on with half the budget after memory ran out. Nor is where the base lies.
/// </summary>
internal static class SettingsHash
{
    public static string Of(TrainingMember member, string? baseContent)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Text(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
        void Numbers(IReadOnlyList<int> numbers)
        {
            var bytes = new byte[4 * numbers.Count + 4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, numbers.Count);
            for (var i = 0; i < numbers.Count; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i + 4), numbers[i]);
            hash.AppendData(bytes);
        }

        Text(FormattableString.Invariant($"base {baseContent}"));
        Text(FormattableString.Invariant($"{member.Name} seed {member.Seed}"));
        Text(CanonicalJson.Write(TrialKeys.NumericSettings(member.Settings)));
        Text((member.Adapter.Config with { BaseModel = null }).ToJson());
        // Rates of their own are in no adapter file.
        foreach (var parameter in member.Adapter.Parameters.Where(parameter => parameter.RateFactor != 1 || parameter.OwnRate is not null))
            Text(FormattableString.Invariant($"{parameter.Key} rate {parameter.RateFactor} {parameter.OwnRate}"));
        foreach (var rows in new[] { member.Examples, member.Validation })
        {
            Numbers([rows.Count]);
            foreach (var row in rows)
            {
                Numbers(row.Ids);
                Numbers(row.Labels);
            }
        }
        if (member.Order is { } order)
        {
            var plan = new StepPlan(member.Examples.Count, member.Settings);
            for (var epoch = 0; epoch * (long)plan.StepsPerEpoch < plan.TotalSteps; epoch++) Numbers(order.Of(epoch, member.Examples.Count));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
