using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.PromptTuning;

/// <summary>
/// Prompt tuning (Lester et al., 2021, <c>arXiv:2104.08691</c>): v free rows in front of the embedded tokens,
/// <code>h = [P; E[ids]]        P [v, width]</code>
/// at positions 0 … v − 1; the tokens follow from v on. P starts from N(0, 1), from the embedding of a text, or from that of tokens drawn at random.
/// </summary>
internal sealed class PromptTuningMethod : IAdapterMethod
{
    public MethodDefinition Definition => PromptTuningOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => PromptTuningConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is PromptTuningConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start)
    {
        var own = (PromptTuningConfig)config;
        var width = (int)decoder.Embedding.size(1);
        own = PromptLearningConfig.ForModel(own, decoder, width, decoder.Config.Heads);
        var rows = new FreeRows(own.VirtualTokens, width, decoder.Device, start.Generator);
        if (start.Generator is { } generator && own.Init != PromptInit.Random)
        {
            using var scope = torch.NewDisposeScope();
            using var frozen = torch.no_grad();
            var ids = torch.tensor(Ids(own, decoder, start, generator)).to(decoder.Device);
            rows.Rows.copy_(Functional.Embedding(ids, decoder.Embedding));
        }
        return new VirtualRowsAdapter(own, rows);
    }

    private static long[] Ids(PromptTuningConfig config, Decoder decoder, AdapterStart start, Generator generator)
    {
        if (config.Init == PromptInit.SampleVocabulary) return torch.randint(0, decoder.Config.VocabularySize, [config.VirtualTokens], ScalarType.Int64, generator: generator).ToArray<long>();
        var encode = start.Encode ?? throw new AdapterException("prompt_tuning_init TEXT needs the base's tokenizer, and there is none");
        var ids = encode(config.InitText!);
        if (ids.Count == 0) throw new AdapterException($"prompt_tuning_init_text '{config.InitText}' has no tokens");
        if (ids.FirstOrDefault(id => (uint)id >= (uint)decoder.Config.VocabularySize, -1) is >= 0 and var beyond)
            throw new AdapterException($"prompt_tuning_init_text has token {beyond}, but the model's vocabulary is {decoder.Config.VocabularySize}");
        return [.. Enumerable.Range(0, config.VirtualTokens).Select(i => (long)ids[i % ids.Count])];
    }
}
