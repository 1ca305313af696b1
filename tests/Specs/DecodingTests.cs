using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Tests.Specs;

/// <summary>The section <c>decoding</c>: what is read, what is refused, what is written back.</summary>
public sealed class DecodingTests
{
    private const string Everything = """
        decoding:
          strategy: sample
          max_new_tokens: 64
          min_new_tokens: 2
          min_length: 20
          num_beams: 4
          length_penalty: 0.5
          early_stopping: true
          temperature: 0.7
          top_h: 0.6
          top_k: 40
          top_p: 0.9
          min_p: 0.02
          typical_p: 0.8
          epsilon_cutoff: 0.001
          eta_cutoff: 0.002
          repetition_penalty: 1.8
          no_repeat_ngram_size: 6
          exponential_decay_length_penalty: [32, 1.05]
          bad_words: [foo, bar baz]
          sequence_bias: { maybe: -2, surely: 1.5 }
          suppress_tokens: [5, "<unk>"]
          begin_suppress_tokens: [6]
          forced_eos: "</s>"
          remove_invalid_values: true
          renormalize_logits: true
          stop: ["\n\n"]
          stop_tokens: ["<|im_end|>", 7]
        """;

    [Fact]
    public void Parse_EveryKey_IsReadAndWrittenBack()
    {
        var spec = SweepDocument.ParseValid(SweepFiles.Smallest + "\n" + Everything);
        var d = spec.Decoding;
        Assert.Equal((DecodingSpec.Sample, 64, 2, 20, 4), (d.Strategy, d.MaxNewTokens, d.MinNewTokens, d.MinLength, d.NumBeams));
        Assert.Equal((0.5, "true", 0.7, 0.6, 40, 0.9), (d.LengthPenalty, d.EarlyStopping, d.Temperature, d.TopH, d.TopK, d.TopP));
        Assert.Equal((0.02, 0.8, 0.001, 0.002, 1.8, 6), (d.MinP, d.TypicalP, d.EpsilonCutoff, d.EtaCutoff, d.RepetitionPenalty, d.NoRepeatNgramSize));
        Assert.Equal((true, true), (d.RemoveInvalidValues, d.RenormalizeLogits));
        Assert.Equal([32, 1.05], d.ExponentialDecayLengthPenalty);
        Assert.Equal(["foo", "bar baz"], d.BadWords);
        Assert.Equal([("maybe", -2), ("surely", 1.5)], d.SequenceBias.Select(bias => (bias.Key, bias.Value)));
        Assert.Equal(["5", "<unk>"], d.SuppressTokens);
        Assert.Equal(["6", "</s>", "\n\n", "<|im_end|>", "7"], [.. d.BeginSuppressTokens, .. d.ForcedEos, .. d.Stop, .. d.StopTokens]);
        var text = SweepSpecJson.Write(spec);
        Assert.Equal(text, SweepSpecJson.Write(SweepDocument.ParseValid(text)));
        Assert.Equal(27, SweepSpecJson.ToNode(spec)["decoding"]!.AsObject().Count);
    }

    [Fact]
    public void Write_Defaults_OnlyWhatActs()
    {
        Assert.Equal(["strategy", "max_new_tokens", "repetition_penalty"], Written("strategy: greedy"));
        Assert.Equal(["strategy", "max_new_tokens", "temperature", "top_k", "top_p", "repetition_penalty"], Written("strategy: sample"));
        Assert.Equal(["strategy", "max_new_tokens", "num_beams", "repetition_penalty"], Written("num_beams: 3, early_stopping: false"));

        static IEnumerable<string> Written(string decoding)
            => SweepSpecJson.ToNode(SweepDocument.ParseValid($"{SweepFiles.Smallest}\ndecoding: {{ {decoding} }}"))["decoding"]!.AsObject().Select(entry => entry.Key);
    }

    [Theory]
    [InlineData("top_h: 0.5", "no effect on greedy")]
    [InlineData("min_p: 0.1", "no effect on greedy")]
    [InlineData("typical_p: 0.5", "no effect on greedy")]
    [InlineData("epsilon_cutoff: 0.1", "no effect on greedy")]
    [InlineData("eta_cutoff: 0.1", "no effect on greedy")]
    [InlineData("length_penalty: 2", "no effect without several beams")]
    [InlineData("early_stopping: never", "no effect without several beams")]
    [InlineData("renormalize_logits: true", "no effect without several beams")]
    [InlineData("min_new_tokens: 200", "above max_new_tokens (128)")]
    [InlineData("num_beams: 0", "from 1")]
    [InlineData("num_beams: 2, early_stopping: soon", "'soon' is not known")]
    [InlineData("strategy: sample, typical_p: 0", "above 0")]
    [InlineData("strategy: sample, top_h: 1.5", "at most 1")]
    [InlineData("strategy: sample, min_p: -1", "at least 0")]
    [InlineData("exponential_decay_length_penalty: [3]", "two numbers")]
    [InlineData("exponential_decay_length_penalty: [3.5, 1.1]", "two numbers")]
    [InlineData("exponential_decay_length_penalty: [3, 0]", "two numbers")]
    [InlineData("exponential_decay_length_penalty: [3, x]", "two numbers")]
    [InlineData("no_repeat_ngram_size: -1", "from 0")]
    [InlineData("sequence_bias: 3", "must be a mapping")]
    [InlineData("sequence_bias: { a: b }", "must be a number")]
    [InlineData("bad_words: []", "empty list")]
    [InlineData("num_beam: 4", "unknown key")]
    public void Parse_OneMistake_IsTheOnlyError(string decoding, string message)
        => Assert.Contains(message, SweepFiles.OnlyErrorOf($"{SweepFiles.Smallest}\ndecoding: {{ {decoding} }}").Message, StringComparison.Ordinal);

    [Fact]
    public void ReadDecoding_Options_AreReadAsInASweep()
    {
        var decoding = AskingOptions.ReadDecoding(
            Given(("temperature", ["0.7"]), ("num_beams", ["4"]), ("early_stopping", ["never"]), ("bad_words", ["foo", "bar"]), ("sequence_bias", ["{ maybe: -2 }"]),
                ("exponential_decay_length_penalty", ["32", "1.05"]), ("stop_tokens", ["7"]), ("renormalize_logits", ["true"])), out var remarks);
        Assert.Empty(remarks);
        Assert.Equal((DecodingSpec.Sample, 4, "never", true), (decoding.Strategy, decoding.NumBeams, decoding.EarlyStopping, decoding.RenormalizeLogits));
        Assert.Equal(["foo", "bar"], decoding.BadWords);
        Assert.Equal((-2, 1.05), (decoding.SequenceBias["maybe"], decoding.ExponentialDecayLengthPenalty[1]));
        AskingOptions.ReadDecoding(Given(("length_penalty", ["2"])), out remarks);
        Assert.Equal("--length-penalty: has no effect without several beams; give --num-beams, or leave it out", Assert.Single(remarks).ToString());
        AskingOptions.ReadDecoding(Given(("min_p", ["0.1"])), out remarks);
        Assert.Contains("no effect on greedy", Assert.Single(remarks).Message, StringComparison.Ordinal);

        static Dictionary<string, IReadOnlyList<string>> Given(params (string Key, string[] Values)[] options) => options.ToDictionary(o => o.Key, o => (IReadOnlyList<string>)o.Values);
    }

    [Fact]
    public void Decoding_EveryOption_IsExplainedWithItsDefault()
    {
        Assert.Equal(26, AskingOptions.Decoding.Count);
        Assert.All(AskingOptions.Decoding, option => Assert.False(string.IsNullOrWhiteSpace(option.Meaning)));
        string Meaning(string key) => AskingOptions.Decoding.Single(option => option.Key == key).Meaning;
        Assert.EndsWith("(128)", Meaning("max_new_tokens"), StringComparison.Ordinal);
        Assert.EndsWith("(1)", Meaning("num_beams"), StringComparison.Ordinal);
        Assert.All(AskingOptions.Decoding, option => Assert.Equal(option.Key is "stop" or "stop_tokens" or "bad_words" or "suppress_tokens" or "begin_suppress_tokens" or "forced_eos" or "exponential_decay_length_penalty", option.Many));
    }
}
