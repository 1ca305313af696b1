using System.CommandLine;
using AlpacaCot.Models;

namespace AlpacaCot.Benchmarks;

/// <summary>The shape of a random decoder; a LLaMA of 40 million parameters unless told otherwise.</summary>
internal sealed record Shape(int Layers = 8, int Hidden = 512, int Heads = 8, int Vocabulary = 32_000, int? OwnIntermediate = null)
{
    private const int MaxPositions = 8192;

    /// <summary>Width of the MLP: 1376 at a width of 512.</summary>
    public int Intermediate => OwnIntermediate ?? Hidden * 43 / 16;

    /// <summary>Its configuration.</summary>
    /// <exception cref="BenchmarkException">Heads do not divide the width into even parts, as rotary positions need.</exception>
    public DecoderConfig Config()
    {
        if (Hidden % (2 * Heads) != 0) throw new BenchmarkException($"--hidden {Hidden} is no multiple of twice the {Heads} heads");
        return new DecoderConfig
        {
            ModelType = "llama", VocabularySize = Vocabulary, HiddenSize = Hidden, IntermediateSize = Intermediate, Layers = Layers, Heads = Heads, KeyValueHeads = Heads, HeadDim = Hidden / Heads,
            MaxPositions = MaxPositions, EosTokenIds = [2], BosTokenId = 1,
        };
    }

    /// <summary>The options that set it.</summary>
    public sealed class ShapeOptions
    {
        private static readonly Shape _default = new();
        private readonly Option<int> _layers = Options.Count("--layers", "Blocks", _default.Layers), _hidden = Options.Count("--hidden", "Width of the residual stream", _default.Hidden),
            _heads = Options.Count("--heads", "Attention heads", _default.Heads), _vocabulary = Options.Count("--vocabulary", "Token ids", _default.Vocabulary, 3);

        private readonly Option<int?> _intermediate = new("--intermediate") { Description = "Width of the MLP (43/16 of the residual stream's)" };

        /// <summary>Adds them to a command.</summary>
        public void AddTo(Command command)
        {
            foreach (var option in (Option[])[_layers, _hidden, _heads, _vocabulary, _intermediate]) command.Options.Add(option);
        }

        /// <summary>The shape that was given.</summary>
        public Shape Read(ParseResult parsed) => new(parsed.GetValue(_layers), parsed.GetValue(_hidden), parsed.GetValue(_heads), parsed.GetValue(_vocabulary), parsed.GetValue(_intermediate));
    }
}
