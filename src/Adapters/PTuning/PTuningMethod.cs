using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.PTuning;

/// <summary>
/// P-tuning (Liu et al., 2021, <c>arXiv:2103.10385</c>): virtual rows in front of the embedded tokens, made by an encoder from rows E of its own,
/// <code>
/// MLP:   P = W₃ relu(W₂ relu(W₁ E + b₁) + b₂) + b₃
/// LSTM:  P = W₂ relu(W₁ H + b₁) + b₂        H [v, 2 h] the states of a bidirectional LSTM over E's rows
/// </code>
/// </summary>
internal sealed class PTuningMethod : IAdapterMethod
{
    public MethodDefinition Definition => PTuningOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => PTuningConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is PTuningConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start)
    {
        var own = (PTuningConfig)config;
        var width = (int)decoder.Embedding.size(1);
        own = PromptLearningConfig.ForModel(own, decoder, width, decoder.Config.Heads);
        own = own with { EncoderHidden = own.EncoderHidden ?? width };
        // Of an MLP, and of one layer, PEFT drops nothing either.
        if (start.Generator is not null && own is { Lstm: true, EncoderLayers: > 1, EncoderDropout: > 0 })
            throw new AdapterNotSupportedException($"encoder_dropout ({PTuningOptions.EncoderDropout.Feature}) is not supported in training; set it to 0");
        PromptEncoder encoder = start.Generator is not { } generator ? new FreeRows(own.VirtualTokens, width, decoder.Device, null)
            : own.Lstm ? new LstmEncoder(own, width, decoder.Device, generator)
            : new MlpEncoder(own, width, decoder.Device, generator);
        return new VirtualRowsAdapter(own, encoder);
    }

    private sealed class MlpEncoder : PromptEncoder
    {
        private readonly Tensor _embedding;
        private readonly Affine _first, _second, _third;

        public MlpEncoder(PTuningConfig config, long width, Device device, Generator generator)
        {
            var hidden = config.EncoderHidden!.Value;
            _embedding = Embedding(config.VirtualTokens, width, device, generator);
            _first = Linear("mlp_head.0", width, hidden, device, generator);
            _second = Linear("mlp_head.2", hidden, hidden, device, generator);
            _third = Linear("mlp_head.4", hidden, width, device, generator);
        }

        public override Tensor Columns(long start, long count)
            => _third.Forward(_second.Forward(_first.Forward(_embedding).relu()).relu()).narrow(1, start, count);
    }
}
