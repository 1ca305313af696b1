namespace AlpacaCot.Specs;

/// <summary>
/// An ablation: the grid <c>models × peft × data × cot × seeds</c>, how each trial trains and how it is asked. Written as YAML, read by <see cref="SweepDocument.Parse(string)"/>.
/// </summary>
public sealed record SweepSpec
{
    /// <summary>The sweep's name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>What the sweep is about, for its report; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>The seeds; every other combination is trained once with each.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [0];

    /// <summary>The base models.</summary>
    public IReadOnlyList<ModelSpec> Models { get; init; } = [];

    /// <summary>The adapter methods.</summary>
    public IReadOnlyList<MethodSpec> Peft { get; init; } = [];

    /// <summary>The data mixes.</summary>
    public IReadOnlyList<DataSpec> Data { get; init; } = [];

    /// <summary>The ways of asking.</summary>
    public IReadOnlyList<CotSpec> Cot { get; init; } = [new CotSpec { Name = "none" }];

    /// <summary>Whether each base is also asked as it is, without an adapter: what every tuned trial is compared with.</summary>
    public bool Base { get; init; } = true;

    /// <summary>How every trial trains.</summary>
    public TrainingSpec Training { get; init; } = new();

    /// <summary>How answers are decoded.</summary>
    public DecodingSpec Decoding { get; init; } = new();

    /// <summary>What every trial is asked.</summary>
    public IReadOnlyList<EvaluationSpec> Evaluation { get; init; } = [];

    /// <summary>How trials are searched; null trains all to the end.</summary>
    public SearchSpec? Search { get; init; }

    /// <summary>The prompt template of data mixes that name none.</summary>
    public string Template { get; init; } = TemplateNames.Alpaca;

    /// <summary>The language of data mixes that name none; null leaves it to each data set.</summary>
    public string? Language { get; init; }

    /// <summary>Combinations left out of the grid.</summary>
    public IReadOnlyList<AxisMatch> Exclude { get; init; } = [];

    /// <summary>Combinations that take part whatever <see cref="Exclude"/> and <c>when</c> say.</summary>
    public IReadOnlyList<AxisMatch> Include { get; init; } = [];

    /// <summary>The template that trains, asks and serves a data mix.</summary>
    public string TemplateOf(DataSpec data) => data.Template ?? Template;

    /// <summary>The template that a trial's model is asked through; null where it is the one that lies beside its adapter.</summary>
    /// <param name="cot">How it is asked.</param>
    /// <param name="data">What trained it; null of an untuned base.</param>
    /// <param name="untuned">The template of an untuned base; null of a trained model.</param>
    public string? AskedThrough(CotSpec cot, DataSpec? data, string? untuned)
        => cot.Language is { } language && (untuned ?? (data is null ? null : TemplateOf(data))) is { } template ? TemplateNames.In(template, language) ?? template : untuned;

    /// <summary>A data mix on its own: its template and language filled in.</summary>
    public DataSpec Resolved(DataSpec data) => data with { Template = TemplateOf(data), Language = LanguageOf(data), When = null };

    /// <summary>The other data mixes whose rows a mix is matched with, each on its own as <see cref="Resolved"/> gives it; none where it is not matched.</summary>
    public IReadOnlyList<DataSpec> MatchedWith(DataSpec data)
        => data.Match == DataMatch.None ? [] : [.. Data.Where(other => other.Match == data.Match && other.Name != data.Name).Select(Resolved)];

    /// <summary>The language of a data mix; null leaves it to each data set.</summary>
    public string? LanguageOf(DataSpec data) => data.Language ?? Language;

    /// <summary>How a model's frozen base is held: its own <c>load</c>, else the training's precision.</summary>
    public string LoadOf(ModelSpec model) => model.Load ?? Training.Precision;
}
