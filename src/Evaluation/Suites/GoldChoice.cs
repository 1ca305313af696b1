using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Which option a table's answer means: its letter (<c>B</c>, <c>b</c>, <c>(B)</c>, <c>B.</c>), its number from 0, or its text. An answer that is the
/// letter or number of one option and the text of another is refused, unless the form is given.
/// </summary>
internal sealed partial class GoldChoice(string form)
{
    private bool _zero;
    private int _largest = -1;

    /// <summary>What should be looked at before the figures are believed, or null.</summary>
    public string? Remark => _largest > 0 && !_zero
        ? $"the answers are numbers and none of them is 0 (the largest is {_largest}): numbers count from 0, so that 1 is the second option"
        : null;

    /// <summary>The option, from 0.</summary>
    /// <exception cref="RowException">The answer means none, or two.</exception>
    public int Find(string answer, IReadOnlyList<string> texts)
    {
        var plain = answer.Normalize(NormalizationForm.FormKC).Trim();
        var same = Enumerable.Range(0, texts.Count).Where(i => texts[i].Trim() == answer.Trim()).ToList();
        var byText = form is "any" or "text" ? same : [];
        int? letter = form is "any" or "letter" && Letter().Match(plain) is { Success: true } match && char.ToUpperInvariant(match.Groups["letter"].Value[0]) - 'A' is var at && at < texts.Count ? at : null;
        int? number = form is "any" or "number" && int.TryParse(plain, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < texts.Count ? index : null;
        var other = letter ?? number;
        if (byText.Count == 0)
        {
            if (other is null) throw new RowException($"the answer {RowFields.Quoted(answer)} is no {Expected(texts.Count)}");
            if (number is { } counted) (_zero, _largest) = (_zero || counted == 0, Math.Max(_largest, counted));
            return other.Value;
        }
        if (other is { } meant && !(byText is [var only] && only == meant))
            throw new RowException($"the answer {RowFields.Quoted(answer)} is the {(letter is null ? "number" : "letter")} of option {Name(meant)} and the text of option {Name(byText[0])}: say which with answer_form: {(letter is null ? "number" : "letter")} or text");
        return byText is [var one] ? one : throw new RowException($"the answer {RowFields.Quoted(answer)} is the text of options {string.Join(" and ", byText.Select(Name))} alike");
    }

    private string Expected(int options)
    {
        var last = Name(options - 1);
        return form switch
        {
            "letter" => $"letter from A to {last}",
            "number" => $"number from 0 to {options - 1}; numbers count from 0",
            "text" => "option's text",
            _ => $"letter from A to {last}, no option's text and no number from 0 to {options - 1}; numbers count from 0",
        };
    }

    private static string Name(int option) => ((char)('A' + option)).ToString();

    [GeneratedRegex(@"^[(\[]?\s*(?<letter>[A-Za-z])\s*[)\]]?\s*[.:、。)]?$", RegexOptions.CultureInvariant)]
    private static partial Regex Letter();
}
