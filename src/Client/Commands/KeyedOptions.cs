using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Client.Commands;

/// <summary>Reads options by their keys in a sweep file; remarks with an error stop the command.</summary>
internal delegate T ReadKeys<out T>(IReadOnlyDictionary<string, IReadOnlyList<string>> given, out IReadOnlyList<SpecError> remarks);

/// <summary>Options of a command that stand for keys of a sweep file: what is given of them is read and judged as it is there.</summary>
internal sealed class KeyedOptions<T>
{
    private readonly Dictionary<string, Func<CommandResult, IReadOnlyList<string>?>> _sources = new(StringComparer.Ordinal);
    private readonly Command _command;
    private readonly ReadKeys<T> _read;

    /// <summary>Adds the options to a command, which refuses what is wrong with them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="keys">The options.</param>
    /// <param name="read">Reads what was given, by key.</param>
    /// <param name="argument">The key that is written as arguments, without its name.</param>
    /// <param name="unless">An option in whose presence the keys are not read: the record comes from elsewhere.</param>
    public KeyedOptions(Command command, IReadOnlyList<CommandOption> keys, ReadKeys<T> read, string? argument = null, Option? unless = null)
    {
        (_command, _read) = (command, read);
        foreach (var key in keys) _sources[key.Key] = key.Key == argument ? Arguments(key, unless is not null) : Option(key);
        command.Validators.Add(result =>
        {
            if (unless is not null && result.GetResult(unless) is not null) return;
            // An error here would hide the library's own, about what is missing or given twice.
            if (keys.Any(key => !key.Many && _sources[key.Key](result)?.Count > 1)) return;
            if (command.Options.Any(option => option.Required && result.GetResult(option) is not { Implicit: false })) return;
            Read(result, out var remarks);
            foreach (var error in remarks.Where(r => r.Severity == SpecSeverity.Error)) result.AddError(error.ToString());
        });
    }

    /// <summary>Reads what was given.</summary>
    public T Read(CommandResult result, out IReadOnlyList<SpecError> remarks)
        => _read(_sources.Select(s => (s.Key, Values: s.Value(result))).Where(s => s.Values is not null).ToDictionary(s => s.Key, s => s.Values!, StringComparer.Ordinal), out remarks);

    private static Func<CommandResult, IReadOnlyList<string>?> Values(Symbol symbol)
        => result => result.Children.FirstOrDefault(child => (child as OptionResult)?.Option == symbol || (child as ArgumentResult)?.Argument == symbol) is { } found && found is not OptionResult { Implicit: true }
            ? found.Tokens.Count > 0 ? [.. found.Tokens.Select(token => token.Value)] : found is OptionResult ? ["true"] : null
            : null;

    private Func<CommandResult, IReadOnlyList<string>?> Option(CommandOption key)
    {
        Option option = key.Many
            ? new Option<string[]>(key.Name) { Description = key.Meaning, AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore }
            : new Option<string>(key.Name) { Description = key.Meaning, Arity = key.Flag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne };
        _command.Options.Add(option);
        return Values(option);
    }

    private Func<CommandResult, IReadOnlyList<string>?> Arguments(CommandOption key, bool optional)
    {
        var argument = new Argument<string[]>(key.Key.ToUpperInvariant()) { Description = key.Meaning, Arity = optional ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore };
        _command.Arguments.Add(argument);
        return Values(argument);
    }
}
