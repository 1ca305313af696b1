using System.Text.Json.Nodes;
using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.PromptTuning;

/// <summary>How the virtual rows of prompt tuning start.</summary>
public enum PromptInit
{
    /// <summary>From N(0, 1).</summary>
    Random,

    /// <summary>The embedded tokens of a text, cut to the number of rows or repeated up to it.</summary>
    Text,

    /// <summary>The rows of tokens that are drawn from the vocabulary.</summary>
    SampleVocabulary,
}

/// <summary>The configuration of prompt tuning (Lester et al., 2021, <c>arXiv:2104.08691</c>), with PEFT's names and defaults.</summary>
public sealed record PromptTuningConfig : PromptLearningConfig
{
    private static readonly Dictionary<PromptInit, string> Words = new() { [PromptInit.Random] = "RANDOM", [PromptInit.Text] = "TEXT", [PromptInit.SampleVocabulary] = "SAMPLE_VOCAB" };

    /// <inheritdoc/>
    public override string PeftType => PromptTuningOptions.Method.PeftType;

    /// <summary>How the rows start.</summary>
    public PromptInit Init { get; init; }

    /// <summary>The text that they start from.</summary>
    public string? InitText { get; init; }

    internal static AdapterConfig Read(ConfigReader reader)
    {
        var word = reader.Text(PromptTuningOptions.Init.Name) ?? Words[PromptInit.Random];
        var init = Words.Where(pair => pair.Value == word).Select(pair => (PromptInit?)pair.Key).FirstOrDefault() ?? throw reader.Wrong(PromptTuningOptions.Init.Name, string.Join(", ", Words.Values));
        var config = new PromptTuningConfig { Init = init, InitText = reader.Text(PromptTuningOptions.InitText.Name) };
        if (init == PromptInit.Text && string.IsNullOrEmpty(config.InitText)) throw new AdapterException($"{reader.File}: prompt_tuning_init TEXT needs {PromptTuningOptions.InitText.Name}");
        reader.Keep("tokenizer_name_or_path", null);
        reader.Keep("tokenizer_kwargs", null);
        return Shared(config, reader, PromptTuningOptions.Method, PromptTuningOptions.VirtualTokens);
    }

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        WriteShared(fields, PromptTuningOptions.Method);
        fields[PromptTuningOptions.Init.Name] = Words[Init];
        fields[PromptTuningOptions.InitText.Name] = InitText;
    }
}
