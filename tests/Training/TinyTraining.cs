using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Training.Tests;

/// <summary>A small random decoder, adapters on it and rows to train on; all follow from seeds.</summary>
internal static class TinyTraining
{
    public const int Vocabulary = 61;

    public static Decoder Decoder(ScalarType dtype = ScalarType.Float32, bool biases = false)
    {
        using var generator = new Generator(7);
        return Models.Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama",
            VocabularySize = Vocabulary,
            HiddenSize = 32,
            IntermediateSize = 48,
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadDim = 8,
            InitializerRange = 0.15,
            AttentionBias = biases,
            MlpBias = biases,
        }, generator, dtype, TestDevice.Chosen);
    }

    public static Adapter Lora(Decoder decoder, double dropout = 0, ulong seed = 1, int rank = 4) => Create(decoder, new LoraConfig { R = rank, Alpha = 8, Dropout = dropout }, seed);

    /// <summary>LoRA with B drawn, so that every parameter has a gradient at the first step.</summary>
    public static Adapter DrawnLora(Decoder decoder, bool everywhere, double dropout = 0) => Create(decoder, new LoraConfig
    {
        R = 4, Alpha = 8, Dropout = dropout, Init = LoraInit.Random, TargetModules = everywhere ? ModuleSelection.Matching("all-linear") : null,
    }, 5);

    /// <summary>A fresh adapter by the text of its configuration.</summary>
    public static Adapter Read(Decoder decoder, string json) => Create(decoder, AdapterConfig.Read(json), 3);

    public static Adapter Ia3(Decoder decoder) => Create(decoder, new Ia3Config(), 2);

    /// <summary>Rows of unequal lengths with the first third masked.</summary>
    public static List<Example> Rows(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var ids = Enumerable.Range(0, random.Next(4, 14)).Select(_ => random.Next(3, Vocabulary)).ToArray();
            return new Example(ids, [.. ids.Select((id, i) => i < ids.Length / 3 ? Example.Ignored : id)]);
        })];
    }

    /// <summary>All trainable values of an adapter, one behind the other.</summary>
    public static float[] Values(Adapter adapter) => [.. adapter.Parameters.SelectMany(p => p.Value.ToArray<float>())];

    public static Adapter Create(Decoder decoder, AdapterConfig config, ulong seed)
    {
        using var generator = new Generator(seed);
        return AdapterFactory.Create(decoder, config, generator);
    }
}
