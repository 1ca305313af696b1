using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AlpacaCot.Models;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Benchmarks;

/// <summary>What the benchmarks' commands have in common.</summary>
internal static class Options
{
    private static readonly Dictionary<string, (ScalarType Type, WeightStorage Storage)> _precisions = new(StringComparer.Ordinal)
    {
        ["bf16"] = (ScalarType.BFloat16, WeightStorage.Plain), ["fp32"] = (ScalarType.Float32, WeightStorage.Plain), ["int8"] = (ScalarType.BFloat16, WeightStorage.Int8),
        ["llm-int8"] = (ScalarType.BFloat16, WeightStorage.LlmInt8), ["w8a8"] = (ScalarType.BFloat16, WeightStorage.W8A8), ["nf4"] = (ScalarType.BFloat16, WeightStorage.Nf4), ["fp4"] = (ScalarType.BFloat16, WeightStorage.Fp4),
    };

    /// <summary>How many of something.</summary>
    public static Option<int> Count(string name, string what, int otherwise, int least = 1)
    {
        var option = new Option<int>(name) { Description = string.Create(CultureInfo.InvariantCulture, $"{what} ({otherwise})"), DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value < least)
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {value}: must be at least {least}"));
        });
        return option;
    }

    /// <summary>LoRA's dropout.</summary>
    public static Option<double> Dropout()
    {
        var option = new Option<double>("--dropout") { Description = "Dropout on the updates' input (0; the trainers of Alpaca and Goat have 0.05)" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is not (>= 0 and < 1))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"--dropout {value}: must be at least 0 and less than 1"));
        });
        return option;
    }

    /// <summary>A file, or nothing.</summary>
    public static Option<string?> File(string name, string what) => new(name) { Description = what };

    /// <summary>The base's type.</summary>
    public static Option<string> Precision()
    {
        var option = new Option<string>("--precision") { Description = "How the base is held: bf16, fp32, int8, llm-int8, w8a8, nf4 or fp4 (bf16)", DefaultValueFactory = _ => "bf16" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !_precisions.ContainsKey(result.Tokens[0].Value)) result.AddError($"precision '{result.Tokens[0].Value}' is unknown; known: {string.Join(", ", _precisions.Keys)}");
        });
        return option;
    }

    /// <summary>libtorch's threads.</summary>
    public static Option<int> Threads() => Count("--threads", "Threads", Environment.ProcessorCount);

    /// <summary>Where the base lives.</summary>
    /// <param name="profiled">The command's option that asks for a profile.</param>
    public static Option<string> Device(Option<bool> profiled)
    {
        var option = new Option<string>("--device") { Description = "Where it is computed: cpu or cuda:N (cpu)", DefaultValueFactory = _ => "cpu" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count != 1 || result.Tokens[0].Value is not { } name || name == "cpu") return;
            if (result.GetValue(profiled)) result.AddError($"--profile: the kernels that are timed are the processor's, not those of {name}");
            if (!name.StartsWith("cuda:", StringComparison.Ordinal) || !int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _)) result.AddError($"device '{name}' is unknown; known: cpu, cuda:N");
        });
        return option;
    }

    /// <summary>The device of that name, once libtorch is loaded.</summary>
    /// <exception cref="BenchmarkException">There is no such GPU.</exception>
    public static Device DeviceOf(string name)
    {
        if (name == "cpu") return torch.CPU;
        var count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (int.Parse(name.AsSpan(5), CultureInfo.InvariantCulture) >= count) throw new BenchmarkException($"--device {name}: libtorch finds {count} GPUs here; build with -p:Torch=cuda on a machine that has one");
        return torch.device(name);
    }

    /// <summary>The type of that name.</summary>
    public static ScalarType TypeOf(string precision) => _precisions[precision].Type;

    /// <summary>How the weights of that name's blocks are held.</summary>
    public static WeightStorage StorageOf(string precision) => _precisions[precision].Storage;

    /// <summary>Prints a figure as a line of JSON.</summary>
    public static void Print<T>(ParseResult parsed, T figure) => parsed.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(figure, Frames.Json));
}
