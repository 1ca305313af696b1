using AlpacaCot.Inference;
using AlpacaCot.Models;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.Training;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>A small decoder with fresh weights and a tokenizer of bytes behind an engine.</summary>
internal sealed class SmallModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Decoder _decoder;

    public SmallModel()
    {
        Tokenizer = ByteBpeTrainer.Train(["What is 12 + 34? 56", "Water is wet."], new ByteBpeOptions { VocabularySize = 300 }, _folder["tokenizer"]);
        using var generator = new Generator(3);
        _decoder = Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama", VocabularySize = Tokenizer.VocabularySize, HiddenSize = 32, IntermediateSize = 64, Layers = 2, Heads = 4, KeyValueHeads = 4, HeadDim = 8,
            MaxPositions = 512, InitializerRange = 0.3,
        }, generator, ScalarType.Float32);
        Engine = new InferenceEngine(_decoder, Tokenizer);
    }

    public ITokenizer Tokenizer { get; }

    public InferenceEngine Engine { get; }

    /// <summary>Gives every weight one value.</summary>
    public void Fill(float value)
    {
        using var noGrad = TorchSharp.torch.no_grad();
        foreach (var weight in _decoder.Parameters.Values) weight.fill_(value);
    }

    public void Dispose()
    {
        Engine.Dispose();
        _decoder.Dispose();
        _folder.Dispose();
    }
}
