using System.CommandLine;
using System.Globalization;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Commands;

/// <summary>Begins commands that are one job of a worker.</summary>
internal static class ToolCommand
{
    /// <summary>Begins a command.</summary>
    /// <param name="context">Makes what the command works with.</param>
    /// <param name="request">The request with nothing given.</param>
    /// <param name="name">The command's last word.</param>
    /// <param name="description">What it does.</param>
    /// <param name="example">A line that uses it.</param>
    public static ToolCommand<T> For<T>(Func<ClientContext> context, T request, string name, string description, string example) where T : ToolRequest => new(context, request, name, description, example);
}

/// <summary>A command that is one job of a worker: each argument and option is a setting of the job's request, read and judged here.</summary>
internal sealed class ToolCommand<T> where T : ToolRequest
{
    /// <summary>More threads than any machine has processors: libtorch starts as many as it is told to.</summary>
    private const int MostThreads = 1024;

    private readonly List<Func<ParseResult, T, T>> _readers = [];
    private readonly List<SpecError> _advice = [];
    private readonly T _request;

    /// <summary>Creates the command.</summary>
    public ToolCommand(Func<ClientContext> context, T request, string name, string description, string example)
    {
        _request = request;
        Command = new Command(name, description).WithExample(example);
        var json = CommandTree.JsonOption();
        Command.Options.Add(json);
        Command.SetAction(async (parsed, cancellationToken) =>
        {
            var asked = RequestOf(parsed);
            if (Adjust is { } adjust) asked = await adjust(parsed, asked, cancellationToken);
            foreach (var advice in _advice) System.Console.Error.WriteLine($"advice: {advice}");
            return await ToolAnswers.PrintAsync(context(), asked, parsed.GetValue(json), cancellationToken);
        });
    }

    /// <summary>Changes the request by what else was given, before it is sent; null changes nothing.</summary>
    public Func<ParseResult, T, CancellationToken, Task<T>>? Adjust { get; set; }

    /// <summary>The command.</summary>
    public Command Command { get; }

    /// <summary>What was given, as a request.</summary>
    public T RequestOf(ParseResult parsed) => _readers.Aggregate(_request, (request, read) => read(parsed, request));

    /// <summary>Adds a required argument.</summary>
    public ToolCommand<T> Argument(string name, string description, Func<T, string, T> set)
    {
        var argument = new Argument<string>(name) { Description = description };
        Command.Arguments.Add(argument);
        _readers.Add((parsed, request) => set(request, parsed.GetValue(argument)!));
        return this;
    }

    /// <summary>Adds an argument that takes one or more values.</summary>
    public ToolCommand<T> Arguments(string name, string description, Func<T, IReadOnlyList<string>, T> set)
    {
        var argument = new Argument<string[]>(name) { Description = description, Arity = ArgumentArity.OneOrMore };
        Command.Arguments.Add(argument);
        _readers.Add((parsed, request) => set(request, parsed.GetValue(argument)!));
        return this;
    }

    /// <summary>Adds a required option.</summary>
    public ToolCommand<T> Required(string name, string description, Func<T, string, T> set) => Add(new Option<string>(name) { Description = description, Required = true }, set);

    /// <summary>Adds a text; the request's own stays where it is left out.</summary>
    public ToolCommand<T> Text(string name, string description, Func<T, string, T> set) => Add(new Option<string>(name) { Description = description }, set);

    /// <summary>Adds texts.</summary>
    public ToolCommand<T> Texts(string name, string description, Func<T, IReadOnlyList<string>, T> set)
        => Add(new Option<string[]>(name) { Description = description, AllowMultipleArgumentsPerToken = true }, (T request, string[] given) => set(request, given));

    /// <summary>Adds a switch.</summary>
    public ToolCommand<T> Flag(string name, string description, Func<T, bool, T> set) => Add(new Option<bool>(name) { Description = description }, set);

    /// <summary>Adds a whole number within limits.</summary>
    public ToolCommand<T> Whole(string name, string description, int least, int most, Func<T, int, T> set)
        => Add(new Option<int>(name) { Description = description }.Within(least, most), set);

    /// <summary>Adds the threads that a job computes with.</summary>
    public ToolCommand<T> Threads(string description, Func<T, int, T> set) => Whole("--threads", description, 1, MostThreads, set);

    /// <summary>Adds a number that a seed is; any is one.</summary>
    public ToolCommand<T> Seed(string description, Func<T, long, T> set) => Add(new Option<long>("--seed") { Description = description }, set);

    /// <summary>Adds a number from 0 on; <paramref name="above"/> excludes 0 itself.</summary>
    public ToolCommand<T> Number(string name, string description, double most, Func<T, double, T> set, bool above = false)
    {
        var limits = most == double.MaxValue ? "at least 0" : string.Create(CultureInfo.InvariantCulture, $"{(above ? "above" : "at least")} 0 and at most {most}");
        return Add(new Option<double>(name) { Description = description }.Only(value => (above ? value > 0 : value >= 0) && value <= most, limits), set);
    }

    /// <summary>Adds numbers, of which each is finite.</summary>
    public ToolCommand<T> Numbers(string name, string description, Func<T, IReadOnlyList<double>, T> set)
        => Add(new Option<double[]>(name) { Description = description, AllowMultipleArgumentsPerToken = true }.Only(values => values.All(double.IsFinite), "finite"), (T request, double[] given) => set(request, given));

    /// <summary>Adds options that stand for keys of a sweep file: what is given of them is read and judged as it is there.</summary>
    /// <param name="keys">The options.</param>
    /// <param name="read">Reads what was given, by key.</param>
    /// <param name="set">Puts what was read into the request.</param>
    /// <param name="argument">The key that is written as arguments, without its name.</param>
    /// <param name="unless">An option in whose presence the keys are not read: the record comes from elsewhere.</param>
    public ToolCommand<T> Keys<TRead>(IReadOnlyList<CommandOption> keys, ReadKeys<TRead> read, Func<T, TRead, T> set, string? argument = null, Option? unless = null)
    {
        var keyed = new KeyedOptions<TRead>(Command, keys, read, argument, unless);
        _readers.Add((parsed, request) =>
        {
            if (unless is not null && parsed.GetResult(unless) is not null) return request;
            var record = keyed.Read(parsed.CommandResult, out var remarks);
            _advice.AddRange(remarks.Where(r => r.Severity == SpecSeverity.Advice));
            return set(request, record);
        });
        return this;
    }

    private ToolCommand<T> Add<TValue>(Option<TValue> option, Func<T, TValue, T> set)
    {
        Command.Options.Add(option);
        _readers.Add((parsed, request) => parsed.GetResult(option) is { Implicit: false } ? set(request, parsed.GetValue(option)!) : request);
        return this;
    }
}
