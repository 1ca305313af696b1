using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Adapters;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>Each method by the commands: trained, asked, evaluated in one job beside others, and merged or refused for a reason.</summary>
public sealed class EveryMethodTests : IDisposable
{
    // What a method must be given, and sizes that suit a small model.
    private static readonly Dictionary<string, string> Small = new(StringComparer.Ordinal)
    {
        ["init_r"] = "4", ["target_r"] = "2", ["total_step"] = "3", ["num_virtual_tokens"] = "3", ["encoder_hidden_size"] = "8", ["bottleneck_size"] = "4", ["oft_block_size"] = "8", ["freeze_trainable_layers"] = "1",
    };

    // All in one worker, as the base stays loaded there.
    private readonly WorkerState _state = new();
    private readonly TinyPack _pack = new();

    public EveryMethodTests() => File.WriteAllText(_pack["rows.json"], """[{"instruction": "1+2", "output": "3"}, {"instruction": "2+2", "output": "4"}]""");

    public void Dispose()
    {
        _state.Forget();
        _pack.Dispose();
    }

    public static TheoryData<string> Methods => [.. MethodCatalogue.All.Select(method => method.Name)];

    [Theory, MemberData(nameof(Methods))]
    public void Commands_TrainGenerateEvaluateMerge_EachSaysWhatItDid(string name)
    {
        var method = MethodCatalogue.Get(name);
        var output = _pack["trained"];
        var trained = Run("train", Given(method, output));
        Assert.Equal((3, output), ((int)trained.Answer["steps"]!, (string?)trained.Answer["out"]));
        Assert.True(double.IsFinite((double)trained.Answer["final_loss"]!));
        Assert.Empty(trained.Remarks);
        Assert.Equal(method.TrainsBase, AdapterDirectory.IsWholeModel(output));

        var asked = new JsonObject { ["model"] = method.TrainsBase ? output : "tiny", ["prompt"] = "1+2", ["max_new_tokens"] = 3, ["threads"] = 1, ["precision"] = "fp32" };
        if (!method.TrainsBase) asked["adapter"] = output;
        var answer = Run("generate", asked);
        Assert.NotNull(answer.Text);
        Assert.Empty(answer.Remarks);
        if (!method.TrainsBase)
        {
            var merge = new JsonObject { ["model"] = "tiny", ["adapter"] = output, ["out"] = _pack["merged"] };
            using var adapter = AdapterDirectory.Load(_state.Base(new BaseModel("tiny", ""), _pack.Folders).Decoder, output);
            if (adapter.MergeObstacle is { } obstacle) Assert.Contains(obstacle, Assert.Throws<AdapterException>(() => Run("merge", merge)).Message, StringComparison.Ordinal);
            else Assert.True((double)Run("merge", merge).Answer["relative"]! <= 1e-3);
        }
        else Assert.Contains("is a whole model and no adapter", Assert.Throws<AdapterException>(() => Run("generate", With(asked, ("model", "tiny"), ("adapter", output)))).Message, StringComparison.Ordinal);
    }

    private static JsonObject With(JsonObject options, params (string Key, string Value)[] more)
    {
        var copy = options.DeepClone().AsObject();
        foreach (var (key, value) in more) copy[key] = value;
        return copy;
    }

    private JsonObject Given(MethodDefinition method, string output)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["data"] = [_pack["rows.json"]], ["template"] = ["plain"], ["precision"] = ["fp32"], ["learning_rate"] = ["0.01"], ["max_steps"] = ["3"], ["batch_size"] = ["2"], ["method"] = [method.Name],
        };
        foreach (var option in method.Options)
            if (Small.TryGetValue(option.Name, out var value)) given[option.ShortName] = [value];
        var training = TrainOptions.Read(given, File.Exists, out var remarks);
        Assert.DoesNotContain(remarks, remark => remark.Severity == SpecSeverity.Error);
        return new JsonObject { ["model"] = "tiny", ["out"] = output, ["threads"] = 1, ["training"] = JsonSerializer.SerializeToNode(training, Frames.Json) };
    }

    private ToolRun Run(string tool, JsonObject options)
    {
        options = options.DeepClone().AsObject();
        if (tool == "generate")
        {
            options["decoding"] = JsonSerializer.SerializeToNode(new DecodingSpec { MaxNewTokens = (int)options["max_new_tokens"]! }, Frames.Json);
            options.Remove("max_new_tokens");
        }
        return _pack.Ask(TinyPack.Request(tool, options), _state);
    }
}
