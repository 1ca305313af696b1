using System.CommandLine;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Commands;

/// <summary>A command that is one job of a worker: its arguments and options become the job's options, name for name.</summary>
internal sealed class ToolCommand
{
    private readonly List<Action<ParseResult, JsonObject>> _readers = [];

    /// <summary>Creates a command <paramref name="name"/> for the tool.</summary>
    public ToolCommand(Func<ClientContext> context, string tool, string name, string description, string example)
    {
        Command = new Command(name, description).WithExample(example);
        var json = CommandTree.JsonOption();
        Command.Options.Add(json);
        Command.SetAction((parsed, cancellationToken) => ToolRunner.RunAsync(context(), tool, OptionsOf(parsed), parsed.GetValue(json), cancellationToken));
    }

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

    /// <summary>Fills in what was left out and is not the worker's to know.</summary>
    public ToolCommand Complete(Action<JsonObject> complete)
    {
        _readers.Add((_, options) => complete(options));
        return this;
    }

    private static string Key(string name) => name.TrimStart('-').Replace('-', '_').ToLowerInvariant();

    private static JsonArray List(string[]? values) => new([.. (values ?? []).Select(value => (JsonNode)value)]);
}
