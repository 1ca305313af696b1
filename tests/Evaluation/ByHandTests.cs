using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Scores and prompts on numbers and texts that can be followed by hand, without golden files.</summary>
public sealed class ByHandTests
{
    [Fact]
    public void ChoiceScores_ShortAndLongAnswers_EachNormalisationHasItsOwnWinner()
    {
        // Sums −2 and −3: the first wins; per character −1 and −0.6; per byte −1 and −0.75, where the long one has four bytes; less −1 and −6 alone: −1 and 3.
        var scores = ChoiceScores.Of([-2, -3], ["ab", "abcde"], [-1, -6]);
        Assert.Equal((0, 1, 1, 1), (scores.Predicted, scores.PredictedNorm, scores.PredictedBytes, scores.PredictedMutualInfo));
        // Two characters of six bytes: per character −1.5, per byte −0.5, against −1 for both of the first.
        scores = ChoiceScores.Of([-2, -3], ["ab", "思考"]);
        Assert.Equal((0, 0, 1), (scores.Predicted, scores.PredictedNorm, scores.PredictedBytes));
        Assert.Null(scores.PredictedMutualInfo);
        Assert.Equal(1 / (1 + Math.Exp(-1)), scores.Probabilities[0], 12);
        Assert.Equal(2 * Math.Pow(1 - scores.Probabilities[0], 2), scores.Brier(0), 12);
    }

    [Fact]
    public void ExactMatch_EachOption_IgnoresWhatItSays()
    {
        Assert.Equal(0, new ExactMatch().Score("Yes", "yes"));
        Assert.Equal(1, new ExactMatch { IgnoreCase = true }.Score("Yes", "yes"));
        Assert.Equal(1, new ExactMatch { IgnorePunctuation = true }.Score("yes, sir.", "yes sir"));
        Assert.Equal(1, new ExactMatch { IgnoreNumbers = true }.Score("item 12", "item 7"));
        Assert.Equal(0, new ExactMatch { IgnoreNumbers = true }.Score("item a", "item b"));
        Assert.Equal(1, new ExactMatch { RegexesToIgnore = ["^the "] }.Score("the end", "end"));
    }

    /// <summary>Characters are compared each with each; a row of megabytes would take hours.</summary>
    [Fact]
    public void Digits_TextsOfMegabytes_AreRefusedAndNotCompared()
    {
        var (answer, reference) = (new string('1', 1 << 20), new string('2', 1 << 20));
        Assert.Contains("too long to be compared", Assert.Throws<EvaluationException>(() => AnswerScoring.Digits(answer, reference)).Message, StringComparison.Ordinal);
        Assert.Equal((0, 1 << 20), AnswerScoring.Digits(answer, answer));
        Assert.Equal((1, 2), AnswerScoring.Digits("13", "12"));
    }

    [Fact]
    public void Perplexities_TwoUnitsOfProbabilityAQuarter_AreFourAndTwoBits()
    {
        Assert.Equal(4, Perplexities.PerUnit(2 * Math.Log(0.25), 2), 12);
        Assert.Equal(2, Perplexities.BitsPerByte(2 * Math.Log(0.25), 2), 12);
        Assert.Equal((3, 7), (Perplexities.Words("a b c"), Perplexities.Bytes("思 考")));
    }

    [Fact]
    public void Fit_PromptsOfFiveToSeven_OnlyWhatIsLongerThanTheRoomIsTooLong()
        => Assert.Equal(new PromptFit(3, 1, 7, 6) { Tokens = 18 }, PromptFit.Of([5, 6, 7], 6));

    [Fact]
    public void Encode_TextThatBeginsWithTheBeginToken_HasOneOfThem()
    {
        using var model = new SmallModel();
        var encoder = new PairEncoder(model.Tokenizer);
        var begin = model.Tokenizer.Token(encoder.PrefixId);
        Assert.Equal(encoder.Encode("What is 12?"), encoder.Encode(begin + "What is 12?"));
    }

    [Fact]
    public void EncodePair_SpaceAtTheEndOfThePrompt_BelongsToTheAnswer()
    {
        using var model = new SmallModel();
        var encoder = new PairEncoder(model.Tokenizer);
        var (context, continuation) = encoder.EncodePair("What is 12? ", "34");
        Assert.Equal(" 34", model.Tokenizer.Decode(continuation));
        Assert.EndsWith("What is 12?", model.Tokenizer.Decode(context), StringComparison.Ordinal);
        Assert.Equal([encoder.PrefixId], encoder.EncodePair("", "34").Context);
    }

    [Fact]
    public void Run_SampledAnswersToOneQuestion_EachHasASeedOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder["same.jsonl"], Enumerable.Repeat("""{"question": "What is 1 + 1?", "answer": "2"}""", 6));
        using var model = new SmallModel();
        string[] Answers(long seed) => [.. EvaluationRunner.Run([Declared.Suite("""{"suite": "exact-match", "file": "same.jsonl"}""", folder.Path)], model.Engine,
            decoding: new DecodingSettings { Strategy = DecodingStrategy.Sample, MaxNewTokens = 6, Seed = seed })[0].Samples.Select(s => s.Responses[0]!.GetValue<string>())];
        Assert.True(Answers(1).Distinct().Count() > 1, "all draws were the same");
        Assert.Equal(Answers(1), Answers(1));
        Assert.NotEqual(Answers(1), Answers(2));
    }

    [Fact]
    public void Extract_EachWay_FindsItsPartOfTheAnswer()
    {
        const string Output = "2 and 3 make 5\nSo the answer is 7.\n";
        Assert.Equal("7", AnswerScoring.Extract("final", Output));
        Assert.Equal("7", AnswerScoring.Extract("last_number", Output));
        Assert.Equal("2 and 3 make 5", AnswerScoring.Extract("first_line", Output));
        Assert.Equal("8", AnswerScoring.Extract("last_number", "5 then 8 apples"));
    }

    [Fact]
    public void Limit_Sampled_IsPythonsDrawInTheRowsOrder()
    {
        int[] rows = [.. Enumerable.Range(0, 1000)];
        Assert.Equal([25, 114, 654], FewShot.Limit(rows, 3, 42, sample: true));
        Assert.Equal([0, 1, 2], FewShot.Limit(rows, 3, 42, sample: false));
        Assert.Equal(rows, FewShot.Limit(rows, 0, 42, sample: true));
    }
}
