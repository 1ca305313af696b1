using System.CommandLine;
using System.Globalization;

namespace AlpacaCot.Client.Commands;

/// <summary>Numbers of the command line and what they may be: others are refused before anything is done.</summary>
internal static class OptionLimits
{
    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int> Within(this Option<int> option, int least, int most = int.MaxValue) => option.Only(value => value >= least && value <= most, Words(least, most));

    /// <summary>The same where the option may be left out.</summary>
    public static Option<int?> Within(this Option<int?> option, int least, int most = int.MaxValue) => option.Only(value => value is not { } given || (given >= least && given <= most), Words(least, most));

    /// <summary>Values that a condition allows, which words say.</summary>
    public static Option<T> Only<T>(this Option<T> option, Func<T, bool> allows, string limits)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0) return;
            try
            {
                if (result.GetValueOrDefault<T>() is { } value && !allows(value)) result.AddError($"{option.Name} {string.Join(' ', result.Tokens.Select(token => token.Value))} is not {limits}");
            }
            catch (InvalidOperationException)
            {
                // What is no number at all is told by the library, which converts it again.
            }
        });
        return option;
    }

    private static string Words(int least, int most)
        => most == int.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"at least {least}") : string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}");
}
