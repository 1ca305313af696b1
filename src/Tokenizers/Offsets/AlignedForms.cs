using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Offsets;

/// <summary>
/// Unicode normalization that keeps track of where characters come from. The framework normalizes without telling, so each character is decomposed by
/// itself and the parts are found again in the whole: parts of equal value keep their order, because reordering by combining class is stable.
/// </summary>
internal static class AlignedForms
{
    /// <summary>The text in a normalization form.</summary>
    public static AlignedText Apply(AlignedText text, NormalizationForm form)
    {
        var normal = UnicodeForm.Apply(text.Text, form);
        if (ReferenceEquals(normal, text.Text) || normal == text.Text) return text;
        var compatibility = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var parts = new Dictionary<int, Queue<int>>();
        foreach (var rune in text.Text.EnumerateRunes())
        {
            var change = 0;
            foreach (var part in UnicodeForm.Apply(rune.ToString(), compatibility ? NormalizationForm.FormKD : NormalizationForm.FormD).EnumerateRunes())
            {
                if (!parts.TryGetValue(part.Value, out var queue)) parts[part.Value] = queue = new Queue<int>();
                // The first part stands for the character, further ones are new.
                queue.Enqueue(change);
                change = 1;
            }
        }
        int Take(int point) => parts.TryGetValue(point, out var queue) && queue.TryDequeue(out var change) ? change : 0;
        if (form is NormalizationForm.FormD or NormalizationForm.FormKD) return text.Transform(normal.EnumerateRunes().Select(rune => (rune.Value, Take(rune.Value))));
        return text.Transform(normal.EnumerateRunes().Select(rune =>
        {
            // A composed character takes its parts with it.
            var composed = UnicodeForm.Apply(rune.ToString(), NormalizationForm.FormD).EnumerateRunes().Select(part => Take(part.Value)).ToList();
            return (rune.Value, composed.Sum() - (composed.Count - 1));
        }));
    }
}
