using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Tests.Specs;

/// <summary>Every option of the command line arrives in the record that it belongs to.</summary>
public sealed class CommandRecordTests
{
    [Fact]
    public void Train_EveryKindOfOption_ArrivesInItsPlace()
    {
        var single = TrainOptions.Read(Given(("data", "alpaca"), ("template", "goat"), ("rationale", "answer"), ("method", "lora"), ("r", "4"), ("alpha", "2"), ("targets", "q_proj"), ("epochs", "2.5"),
            ("batch_size", "3"), ("max_steps", "9"), ("learning_rate", "0.01"), ("warmup_steps", "2"), ("schedule", "cosine"), ("clip", "0.5"), ("cutoff_len", "64"), ("precision", "fp32"), ("weight_decay", "0.1"), ("seed", "7")),
            _ => false, out var remarks);
        Assert.Empty(remarks);
        Assert.Equal((7, "lora", "goat", RationaleUse.Answer), (single.Seed, single.Method.Method, single.Data.Template, single.Data.Cot));
        Assert.Equal(("alpaca", "4", "2"), (single.Data.Sources[0].Set, single.Method.Options["r"].GetRawText(), single.Method.Options["lora_alpha"].GetRawText()));
        var training = single.Training;
        Assert.Equal((2.5, 3, 9, 0.01, 2, "cosine"), (training.Epochs, training.BatchSize, training.MaxSteps, training.LearningRate, training.WarmupSteps, training.Schedule));
        Assert.Equal((0.5, 64, "fp32", 0.1), (training.Clip, training.CutoffLen, training.Precision, training.WeightDecay));
        Assert.Equal(0.01, single.Resolve().LearningRate);
    }

    [Fact]
    public void Train_Nothing_HasTheSweepsDefaults()
    {
        var single = TrainOptions.Read(Given(("data", "alpaca")), _ => false, out _);
        Assert.Equal((0, "lora"), (single.Seed, single.Method.Method));
        Assert.Equal(new TrainingSpec().BatchSize, single.Training.BatchSize);
        Assert.Equal(AlpacaCot.Specs.Methods.MethodCatalogue.Get("lora").DefaultLearningRate, single.Resolve().LearningRate);
    }

    [Fact]
    public void Train_OptionOfAnotherMethod_IsRefused()
    {
        TrainOptions.Read(Given(("data", "alpaca"), ("method", "ia3"), ("r", "4")), _ => false, out var remarks);
        Assert.Contains(remarks, r => r.Path == "--r" && r.Message.Contains("no such option", StringComparison.Ordinal));
    }

    [Fact]
    public void Decoding_SamplingOptions_MeanSampling()
    {
        var decoding = AskingOptions.ReadDecoding(Given(("temperature", "0.7"), ("top_p", "0.9"), ("top_k", "5"), ("max_new_tokens", "12"), ("repetition_penalty", "1.2"), ("stop", "END")), out var remarks);
        Assert.Empty(remarks);
        Assert.Equal((DecodingSpec.Sample, 0.7, 0.9, 5, 12, 1.2), (decoding.Strategy, decoding.Temperature, decoding.TopP, decoding.TopK, decoding.MaxNewTokens, decoding.RepetitionPenalty));
        Assert.Equal(["END"], decoding.Stop);
        Assert.Equal(DecodingSpec.Greedy, AskingOptions.ReadDecoding(Given(("max_new_tokens", "12")), out _).Strategy);
    }

    [Fact]
    public void Suites_LimitFewShotAndOptions_AreEverySuites()
    {
        var suites = AskingOptions.ReadSuites(new Dictionary<string, IReadOnlyList<string>> { ["suite"] = ["a", "b"], ["limit"] = ["3"], ["few_shot"] = ["2"], ["suite_options"] = ["{ file: q.jsonl }"] }, out var remarks);
        Assert.Empty(remarks);
        Assert.Equal(["a", "b"], suites.Select(s => s.Suite));
        Assert.All(suites, s => Assert.Equal((3, 2, "q.jsonl"), (s.Limit, s.FewShot, s.Options["file"].GetString())));
    }

    private static Dictionary<string, IReadOnlyList<string>> Given(params (string Key, string Value)[] options) => options.ToDictionary(o => o.Key, o => (IReadOnlyList<string>)[o.Value]);
}
