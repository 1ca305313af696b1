using AlpacaCot.Data.Templates;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Data.Tests;

/// <summary>What every mask must keep to.</summary>
internal static class MaskChecks
{
    /// <summary>The text of what is learnt, without special tokens.</summary>
    public static string Learned(ITokenizer tokenizer, Example example) => tokenizer.Decode([.. example.Labels.Where(label => label != Example.Ignored)], skipSpecialTokens: true);

    /// <summary>Checks an example that nothing was cut of.</summary>
    public static void Check(ITokenizer tokenizer, IConversationForm form, Conversation conversation, Example example)
    {
        var pieces = form.Pieces(conversation);
        Assert.Equal(example.Ids.Length, example.Labels.Length);
        Assert.Equal(tokenizer.EosId, example.Labels[^1]);
        Assert.All(example.Ids.Zip(example.Labels), pair => Assert.True(pair.Second == Example.Ignored || pair.First == pair.Second));
        // Runs of learnt ids are the learnt answers, in their order and whole; what is between them is not learnt.
        var runs = new List<List<int>>();
        for (var i = 0; i < example.Labels.Length; i++)
        {
            if (example.Labels[i] == Example.Ignored) continue;
            if (i == 0 || example.Labels[i - 1] == Example.Ignored) runs.Add([]);
            runs[^1].Add(example.Labels[i]);
        }
        var answers = pieces.Where(piece => piece.Learned).ToList();
        Assert.Equal(answers.Count, runs.Count);
        foreach (var (answer, run) in answers.Zip(runs))
            foreach (var turn in conversation.Turns.Where(turn => turn.Learned && answer.Text.Contains(turn.Text, StringComparison.Ordinal)).Take(1))
                Assert.Contains(turn.Text, tokenizer.Decode([.. run], skipSpecialTokens: false), StringComparison.Ordinal);
        Assert.Equal(conversation.Turns.Count(turn => turn.Learned), answers.Count);
    }
}
