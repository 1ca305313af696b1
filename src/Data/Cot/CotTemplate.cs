namespace AlpacaCot.Data.Cot;

/// <summary>A pair of forms: how a question with its cue is put, and how rationale and answer follow.</summary>
/// <param name="Cue">The sentence that asks for thought.</param>
/// <param name="Question">The whole question; <c>{question}</c> and <c>{cue}</c> are filled in.</param>
/// <param name="Answer">The whole answer: <c>{cot}</c>, the rationale, always before <c>{answer}</c>.</param>
public sealed record CotTemplate(string Cue, string Question, string Answer)
{
    /// <summary>The question in this form.</summary>
    public string Ask(string question) => Fill(Question, ("{question}", question), ("{cue}", Cue));

    /// <summary>Rationale and answer in this form.</summary>
    public string Reply(string rationale, string answer) => Fill(Answer, ("{cot}", rationale.TrimEnd()), ("{answer}", answer));

    // In one pass, so that a row that holds "{answer}" itself keeps it.
    internal static string Fill(string form, params ReadOnlySpan<(string Slot, string Text)> slots)
    {
        var text = new System.Text.StringBuilder();
        for (var at = 0; at < form.Length;)
        {
            var found = false;
            foreach (var (slot, value) in slots)
            {
                if (!form.AsSpan(at).StartsWith(slot, StringComparison.Ordinal)) continue;
                text.Append(value);
                at += slot.Length;
                found = true;
                break;
            }
            if (!found) text.Append(form[at++]);
        }
        return text.ToString();
    }
}
