using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Commands;

/// <summary>A command that is one job of a worker: its arguments and options become the job's options, name for name.</summary>
internal sealed class ToolCommand
{
    private readonly List<Action<ParseResult, JsonObject>> _readers = [];
    private readonly List<SpecError> _advice = [];

    /// <summary>Creates a command <paramref name="name"/> for the tool.</summary>
    public ToolCommand(Func<ClientContext> context, string tool, string name, string description, string example)
    {
        Command = new Command(name, description).WithExample(example);
        var json = CommandTree.JsonOption();
        Command.Options.Add(json);
        Command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = OptionsOf(parsed);
            if (Adjust is { } adjust) await adjust(parsed, options, cancellationToken);
            foreach (var advice in _advice) System.Console.Error.WriteLine($"advice: {advice}");
            return await ToolAnswers.PrintAsync(context(), tool, options, parsed.GetValue(json), View, cancellationToken);
        });
    }

    /// <summary>Changes the job's options by what else was given, before it is run; null changes nothing.</summary>
    public Func<ParseResult, JsonObject, CancellationToken, Task>? Adjust { get; set; }

    /// <summary>Draws an answer on a terminal of colours; its text is printed where null.</summary>
    public Action<JsonElement>? View { get; init; }

    /// <summary>The command.</summary>
    public Command Command { get; }

    /// <summary>What was given, as the job's options.</summary>
    public JsonObject OptionsOf(ParseResult parsed)
    {
        var options = new JsonObject();
        foreach (var read in _readers) read(parsed, options);
        return options;
    }

    /// <summary>Adds a required argument.</summary>
    public ToolCommand Argument(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        Command.Arguments.Add(argument);
        _readers.Add((parsed, options) => options[Key(name)] = parsed.GetValue(argument));
        return this;
    }

    /// <summary>Adds an argument that takes one or more values.</summary>
    public ToolCommand Arguments(string name, string description)
    {
        var argument = new Argument<string[]>(name) { Description = description, Arity = ArgumentArity.OneOrMore };
        Command.Arguments.Add(argument);
        _readers.Add((parsed, options) => options[Key(name)] = List(parsed.GetValue(argument)));
        return this;
    }

    /// <summary>Adds a required option.</summary>
    public ToolCommand Required(string name, string description)
    {
        var option = new Option<string>(name) { Description = description, Required = true };
        Command.Options.Add(option);
        _readers.Add((parsed, options) => options[Key(name)] = parsed.GetValue(option));
        return this;
    }

    /// <summary>Adds an option that is left out unless given: the worker knows its default.</summary>
    public ToolCommand Option<T>(string name, string description)
    {
        var option = new Option<T?>(name) { Description = description };
        if (typeof(T).IsArray) option.AllowMultipleArgumentsPerToken = true;
        Command.Options.Add(option);
        _readers.Add((parsed, options) =>
        {
            if (parsed.GetResult(option) is not { Implicit: false }) return;
            options[Key(name)] = parsed.GetValue(option) is string[] many ? List(many) : JsonValue.Create(parsed.GetValue(option));
        });
        return this;
    }

    /// <summary>
    /// Adds options that stand for keys of a sweep file: what is given of them is read and judged as it is there, and the job gets it as <paramref name="name"/>.
    /// </summary>
    /// <param name="name">The name of the record among the job's options.</param>
    /// <param name="keys">The options.</param>
    /// <param name="read">Reads what was given, by key.</param>
    /// <param name="argument">The key that is written as arguments, without its name.</param>
    /// <param name="unless">An option in whose presence the keys are not read: the record comes from elsewhere.</param>
    public ToolCommand Keys<T>(string name, IReadOnlyList<CommandOption> keys, ReadKeys<T> read, string? argument = null, Option? unless = null)
    {
        var keyed = new KeyedOptions<T>(Command, keys, read, argument, unless);
        _readers.Add((parsed, options) =>
        {
            if (unless is not null && parsed.GetResult(unless) is not null) return;
            options[name] = JsonSerializer.SerializeToNode(keyed.Read(parsed.CommandResult, out var remarks), Frames.Json);
            _advice.AddRange(remarks.Where(r => r.Severity == SpecSeverity.Advice));
        });
        return this;
    }

    private static string Key(string name) => name.TrimStart('-').Replace('-', '_').ToLowerInvariant();

    private static JsonArray List(string[]? values) => new([.. (values ?? []).Select(value => (JsonNode)value)]);
}
