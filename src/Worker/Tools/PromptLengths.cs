using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Worker.Tools;

/// <summary>Measures a sweep's prompts under its models' tokenizers, before any model is asked.</summary>
/// <param name="models">The models: name, tokenizer, folder and positions.</param>
/// <param name="templates">Names of the templates that questions are asked through.</param>
/// <param name="cues">The cues that are appended to questions; null for none.</param>
/// <param name="maxNewTokens">Most new tokens of an answer.</param>
internal sealed class PromptLengths(
    IReadOnlyList<(string Name, ITokenizer Tokenizer, string Folder, int Positions)> models, IReadOnlyList<string> templates, IReadOnlyList<string?> cues, int maxNewTokens)
{
    /// <summary>What each model is fed for the suite, under the template that makes its prompts longest.</summary>
    /// <exception cref="EvaluationException">A question cannot be asked at all.</exception>
    public IReadOnlyList<AskedFacts> Asked(ISuite suite)
        => [.. Fits(suite).Where(model => model.Fits.Count > 0).Select(model => new AskedFacts(model.Name, model.Fits.Max(fit => fit.Tokens), model.Fits.Max(fit => fit.NewTokens)))];

    /// <summary>A sentence for each model whose positions are too few for prompts of the suite under one of the templates with the longest cue.</summary>
    /// <exception cref="EvaluationException">A question cannot be asked at all.</exception>
    public IReadOnlyList<string> Remarks(ISuite suite)
        =>
        [
            .. Fits(suite).Select(model => (model.Name, Fit: model.Fits.MaxBy(fit => fit.TooLong)))
                .Where(worst => worst.Fit?.Remark is not null).Select(worst => $"under {worst.Name}'s tokenizer {worst.Fit!.Remark}"),
        ];

    private List<(string Name, List<PromptFit> Fits)> Fits(ISuite suite)
    {
        var cue = cues.MaxBy(c => c?.Length ?? 0);
        return [.. models.Select(model => (model.Name, Forms(model.Tokenizer, model.Folder).Select(template => suite.Fit(new PromptSettings(model.Tokenizer, template, cue), model.Positions, maxNewTokens)).ToList()))];
    }

    /// <summary>The templates under a model; one that the model does not have is told where its rows are prepared.</summary>
    private IEnumerable<IConversationForm> Forms(ITokenizer tokenizer, string folder)
        => templates.Where(template => template != TemplateNames.Chat || ConversationForms.OwnHash(folder) is not null).Select(template => ConversationForms.Get(template, tokenizer, folder));
}
