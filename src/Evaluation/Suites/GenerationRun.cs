using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>Asks a model questions whose answers are generated: what the generation suites have in common.</summary>
internal static class GenerationRun
{
    /// <summary>An answered question.</summary>
    public sealed record Answered(SuiteItem Item, SampleArguments Arguments, string Text, bool AtLimit);

    /// <summary>How the prompts of the items fit a model's positions beside their answers.</summary>
    public static PromptFit Fit(PromptSettings prompts, IReadOnlyList<SuiteItem> items, IReadOnlyList<IReadOnlyList<(string Instruction, string Answer)>> examples, int maxLength, int maxNewTokens)
    {
        var renderer = new PromptRenderer(prompts);
        return PromptFit.Of([.. items.Select((item, i) => renderer.Encode(renderer.Prompt(item.Instruction, examples[i])).Length)], Room(maxLength, maxNewTokens)) with { NewTokens = (long)items.Count * maxNewTokens };
    }

    /// <summary>Generates an answer to each item after its worked examples.</summary>
    public static (IReadOnlyList<Answered> Answers, PromptFit Fit) Ask(SuiteContext context, string suite, IReadOnlyList<SuiteItem> items,
        IReadOnlyList<IReadOnlyList<(string Instruction, string Answer)>> examples, IReadOnlyList<string> until)
    {
        var renderer = new PromptRenderer(context.Prompts);
        var room = Room(context.Engine.MaxLength, context.Decoding.MaxNewTokens);
        var decoding = renderer.Ending(context.Decoding with { StopStrings = [.. context.Decoding.StopStrings, .. until] });
        var prompts = items.Select((item, i) => renderer.Prompt(item.Instruction, examples[i])).ToList();
        // A sampled answer has a seed of its own per question, so that no two questions share their draws.
        var requests = items.Select((item, i) => new GenerationRequest($"{suite}-{item.Id}", renderer.Encode(prompts[i]), context.Member,
            decoding with { Seed = decoding.Seed + item.Id }, PromptOverflow.TruncateLeft)).ToList();
        var generations = context.Engine.Generate(requests, done => context.Progress?.Invoke(new SuiteProgress(suite, done, requests.Count)), context.Cancellation);
        var settings = Describe(decoding);
        return ([.. items.Select((item, i) => new Answered(item, new SampleArguments(prompts[i].Text, settings.DeepClone()), renderer.AnswerOf(generations[i].Text), generations[i].FinishReason == FinishReasons.Length))],
            PromptFit.Of([.. requests.Select(request => request.Prompt.Length)], room) with { NewTokens = (long)items.Count * context.Decoding.MaxNewTokens });
    }

    private static int Room(int maxLength, int maxNewTokens) => maxLength > maxNewTokens ? maxLength - maxNewTokens
        : throw new EvaluationException($"{maxNewTokens} new tokens leave no room for a prompt in the model's {maxLength} positions: lower max_new_tokens");

    /// <summary>Generation settings in lm-eval's keys.</summary>
    public static JsonObject Describe(DecodingSettings decoding)
    {
        var settings = new JsonObject
        {
            ["until"] = new JsonArray([.. decoding.StopStrings.Select(s => JsonValue.Create(s))]),
            ["do_sample"] = decoding.Strategy == DecodingStrategy.Sample,
            ["temperature"] = decoding.Strategy == DecodingStrategy.Sample ? decoding.Temperature : 0.0,
            ["max_gen_toks"] = decoding.MaxNewTokens,
        };
        foreach (var (key, value) in decoding.Describe()) settings[key] = value;
        if (decoding.Strategy != DecodingStrategy.Sample) return settings;
        settings["top_k"] = decoding.TopK;
        settings["top_p"] = decoding.TopP;
        settings["seed"] = decoding.Seed;
        return settings;
    }
}
