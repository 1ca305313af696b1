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

    /// <summary>The type of that name.</summary>
    public static ScalarType TypeOf(string precision) => _precisions[precision].Type;

    /// <summary>How the weights of that name's blocks are held.</summary>
    public static WeightStorage StorageOf(string precision) => _precisions[precision].Storage;

    /// <summary>Prints a figure as a line of JSON.</summary>
    public static void Print<T>(ParseResult parsed, T figure) => parsed.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(figure, Frames.Json));
}
