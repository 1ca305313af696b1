using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Parsing;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Specs.CommandLine;

/// <summary>The options of <c>train</c> that a sweep file has too: data, method and its options, training settings.</summary>
public static class TrainOptions
{
    private const string DefaultMethod = "lora";

    /// <summary>The options, in the order of <c>--help</c>.</summary>
    public static IReadOnlyList<CommandOption> All { get; } =
    [
        .. DataOptions.All,
        new("method", $"PEFT method: {string.Join(" or ", MethodCatalogue.All.Select(m => m.Name))} ({DefaultMethod})"),
        .. MethodOptions(),
        .. TrainingParser.Settings.Select(setting => new CommandOption(setting.Key, setting.Meaning + Default(setting.Key), Flag: setting.Key == "train_on_prompt")),
        new("seed", "Seed of initialisation, order and dropout (0)"),
    ];

    /// <summary>Reads what was given, by key.</summary>
    /// <param name="given">Key to its values.</param>
    /// <param name="isFile">Whether a text names a file or folder that is there.</param>
    /// <param name="remarks">Errors and advice; with an error the training must not be run.</param>
    public static SingleTraining Read(IReadOnlyDictionary<string, IReadOnlyList<string>> given, Func<string, bool> isFile, out IReadOnlyList<SpecError> remarks)
    {
        var options = new GivenOptions(given);
        var reader = options.Reader;
        var name = reader.Text("method") ?? DefaultMethod;
        var method = MethodParser.CheckMethod(name, default, "method", reader.Log);
        var single = new SingleTraining
        {
            Data = DataOptions.Read(options, isFile),
            Method = new MethodSpec { Name = name, Method = name, Options = method is null ? new SortedDictionary<string, System.Text.Json.JsonElement>() : MethodParser.Options(reader, method) },
            Training = TrainingParser.Settings.Aggregate(new TrainingSpec(), (spec, setting) => setting.Read(reader, spec)),
            Seed = reader.Integer("seed", 0) ?? 0,
        };
        TrainingParser.Check(reader, single.Training);
        foreach (var key in given.Keys.Where(key => method is not null && method.Option(key) is null && MethodCatalogue.All.Any(other => other.Option(key) is not null)))
        {
            _ = reader.Node(key);
            options.Error(key, $"{name} has no such option", "it has " + string.Join(", ", method!.Options.Select(o => CommandOption.NameOf(o.ShortName))));
        }
        foreach (var (option, message) in method?.Faults(single.Method, null) ?? []) options.Error(option, message);
        if (method?.PrecisionFault(single.Training.Precision) is { } held) options.Error("precision", held);
        if (method is not null) reader.Finish(All.Select(option => option.Key));
        if (single.Training.LearningRate == 0) options.Advice("learning_rate", LearningRateRule.RateOfZero);
        remarks = options.Remarks;
        return single;
    }

    private static IEnumerable<CommandOption> MethodOptions()
        => from option in MethodCatalogue.All.SelectMany(method => method.Options.Select(option => (Method: method.Name, Option: option)))
           group option by option.Option.ShortName into same
           select new CommandOption(
               same.Key, string.Join("; ", same.Select(o => $"{o.Method}: {o.Option.Meaning}{(o.Option.Default is { } otherwise ? $" ({otherwise})" : "")}")),
               same.Any(o => o.Option.Kind is OptionKind.Modules or OptionKind.Integers or OptionKind.Texts), same.All(o => o.Option.Kind == OptionKind.Flag));

    private static string Default(string key)
        => SweepSpecJson.Training(new TrainingSpec())[key] is { } value ? $" ({value})" : "";
}
