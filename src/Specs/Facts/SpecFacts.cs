namespace AlpacaCot.Specs.Facts;

/// <summary>
/// What the outside says about a spec's references, collected by a worker's <c>prepare</c> job without loading weights; serialisable both ways. What
/// is not known yet is absent, and not checked.
/// </summary>
public sealed record SpecFacts
{
    /// <summary>The files that models and data were read from, so that nothing else is trained on later.</summary>
    public IReadOnlyList<ReferencedFiles> Files { get; init; } = [];

    /// <summary>One entry for each looked-up value of <c>models</c>.</summary>
    public IReadOnlyList<ModelFacts> Models { get; init; } = [];

    /// <summary>One entry for each looked-up value of <c>data</c>.</summary>
    public IReadOnlyList<DataFacts> Data { get; init; } = [];

    /// <summary>One entry for each prepared pair of a data mix and a model's tokenizer.</summary>
    public IReadOnlyList<MixFacts> Mixes { get; init; } = [];

    /// <summary>One entry for each looked-up evaluation.</summary>
    public IReadOnlyList<SuiteFacts> Suites { get; init; } = [];

    /// <summary>Names of all known data sets, for suggestions.</summary>
    public IReadOnlyList<string> KnownSets { get; init; } = [];

    /// <summary>Names of all prompt templates; empty where they were not asked for.</summary>
    public IReadOnlyList<string> KnownTemplates { get; init; } = [];

    /// <summary>Names of all suites, for suggestions.</summary>
    public IReadOnlyList<string> KnownSuites { get; init; } = [];

    /// <summary>How fast this machine is; null where it was not measured.</summary>
    public MachineFacts? Machine { get; init; }

    /// <summary>Version of everything in the worker's code that changes examples or trained numbers; null where it was not asked for.</summary>
    public string? Code { get; init; }
}

/// <summary>What a model's folder says.</summary>
public sealed record ModelFacts
{
    /// <summary>The axis value's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the folder (or the hub's copy) is there.</summary>
    public bool Exists { get; init; } = true;

    /// <summary>Why config or weights cannot be read, one line; null where they can.</summary>
    public string? Error { get; init; }

    /// <summary>The config's <c>model_type</c>.</summary>
    public string? ModelType { get; init; }

    /// <summary>Whether the project has this family.</summary>
    public bool Supported { get; init; } = true;

    /// <summary>The families that the project has.</summary>
    public IReadOnlyList<string> SupportedTypes { get; init; } = [];

    /// <summary>Parameters of the base.</summary>
    public long Parameters { get; init; }

    /// <summary>Rows of the embedding; 0 where unknown.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Positions that the model was made for; null where it has no limit.</summary>
    public int? MaxPositions { get; init; }

    /// <summary>Its blocks; 0 where unknown.</summary>
    public int Layers { get; init; }

    /// <summary>Its projections; empty where unknown.</summary>
    public IReadOnlyList<ProjectionFacts> Projections { get; init; } = [];

    /// <summary>Its tensors beside those of its projections: tables, norms, positions; empty where unknown.</summary>
    public IReadOnlyList<TensorFacts> Tensors { get; init; } = [];

    /// <summary>Module paths of its embedding and its head, in that order; empty where unknown.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>Method to option to the modules that the option stands for where it is left to the model's family; a method without defaults for the family is absent.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> DefaultTargets { get; init; }
        = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>();

    /// <summary>Largest id of the tokenizer plus one; 0 where unknown.</summary>
    public int TokenizerVocabulary { get; init; }

    /// <summary>Why the tokenizer cannot be read, one line; null where it can.</summary>
    public string? TokenizerError { get; init; }

    /// <summary>Why the sweep's <c>decoding</c> cannot be used with the tokenizer (it names a token that there is not); null if it can.</summary>
    public string? DecodingError { get; init; }

    /// <summary>Hash of the tokenizer; null where it cannot be read.</summary>
    public string? TokenizerHash { get; init; }

    /// <summary>Hash of the chat template that it brings; null where it brings none.</summary>
    public string? ChatTemplateHash { get; init; }

    /// <summary>Hash of config and weights; null where it was not computed.</summary>
    public string? ContentHash { get; init; }
}

/// <summary>A named projection of a base.</summary>
/// <param name="Path">Its module path, or its name alone.</param>
/// <param name="In">Width of its input; 0 where unknown.</param>
/// <param name="Out">Width of its output; 0 where unknown.</param>
/// <param name="Bias">Whether it has a bias.</param>
public sealed record ProjectionFacts(string Path, int In = 0, int Out = 0, bool Bias = false);

/// <summary>A tensor of a base.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Values">How many numbers it holds.</param>
/// <param name="OfNorm">Whether it is a norm's weight or bias.</param>
public sealed record TensorFacts(string Name, long Values, bool OfNorm = false)
{
    /// <summary>The path of its module.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Module => Name[..Math.Max(0, Name.LastIndexOf('.'))];
}

/// <summary>What the sources of a data mix say.</summary>
public sealed record DataFacts
{
    /// <summary>The axis value's name.</summary>
    public required string Name { get; init; }

    /// <summary>What is wrong with the mix as a whole (an unknown generator option), one line each.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>One entry per source, in the order of the spec.</summary>
    public IReadOnlyList<SourceFacts> Sources { get; init; } = [];

    /// <summary>Hash of the template's text, or <see cref="TemplateNames.Chat"/> where each model brings its own; null where there is no such template.</summary>
    public string? TemplateHash { get; init; }
}

/// <summary>What one source of a data mix says.</summary>
public sealed record SourceFacts
{
    /// <summary>Whether the set is known, or the path is there.</summary>
    public bool Exists { get; init; } = true;

    /// <summary>Why it cannot be read, one line; null where it can.</summary>
    public string? Error { get; init; }

    /// <summary>Its rows; 0 where it is empty.</summary>
    public long Rows { get; init; }

    /// <summary>What is to be known of its rows (questions of a suite among them), one line each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Hash of the rows (for a generator, of its options and version); null where it was not computed.</summary>
    public string? ContentHash { get; init; }

    /// <summary>Thinking cues that the rows bring with them, and in how many rows each stands.</summary>
    public IReadOnlyDictionary<string, long> Cues { get; init; } = new Dictionary<string, long>();

    /// <summary>Evaluations whose questions it holds.</summary>
    public IReadOnlyList<LeakFacts> Leaks { get; init; } = [];
}

/// <summary>Questions of an evaluation that a source holds.</summary>
/// <param name="Evaluation">The evaluation's name.</param>
/// <param name="File">The file of the source that is the evaluation's own, whatever its name and place; null where there is none.</param>
/// <param name="Questions">Questions of the evaluation that are rows of the source.</param>
/// <param name="Of">Questions that the evaluation asks.</param>
public sealed record LeakFacts(string Evaluation, string? File, int Questions, int Of);

/// <summary>What a data mix becomes under one model's tokenizer and one template.</summary>
public sealed record MixFacts
{
    /// <summary>Name of the value of <c>models</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the value of <c>data</c>.</summary>
    public required string Data { get; init; }

    /// <summary>Why it could not be prepared, one line; null where it could.</summary>
    public string? Error { get; init; }

    /// <summary>Rows that can be trained on.</summary>
    public long Kept { get; init; }

    /// <summary>Rows that cannot, by cause.</summary>
    public IReadOnlyDictionary<string, long> Dropped { get; init; } = new Dictionary<string, long>();

    /// <summary>Rows cut at <c>cutoff_len</c>.</summary>
    public long Truncated { get; init; }

    /// <summary>Tokens of the longest row before cutting.</summary>
    public int Longest { get; init; }

    /// <summary>Tokens of all examples.</summary>
    public long Tokens { get; init; }

    /// <summary>Tokens of all examples that carry loss.</summary>
    public long SupervisedTokens { get; init; }

    /// <summary>Rows read from all sources, before limits and drops.</summary>
    public long Rows { get; init; }

    /// <summary>Kept rows that equal an earlier one.</summary>
    public long Duplicates { get; init; }

    /// <summary>Cues that were put into training prompts, and into how many of the kept rows each.</summary>
    public IReadOnlyDictionary<string, long> Cues { get; init; } = new Dictionary<string, long>();

    /// <summary>Examples of the mix: kept rows as often as their weights teach them; what an epoch passes over.</summary>
    public long Examples { get; init; }

    /// <summary>What is unusual about its files and rows, one sentence each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>What the registry of suites says about one evaluation.</summary>
public sealed record SuiteFacts
{
    /// <summary>The evaluation's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the suite is known.</summary>
    public bool Exists { get; init; } = true;

    /// <summary>Why its items cannot be had, one line; null where they can.</summary>
    public string? Error { get; init; }

    /// <summary>Its items after the limit.</summary>
    public int Items { get; init; }

    /// <summary>What is unusual about its prompts under the models' tokenizers, one sentence each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>What each model is fed for it; empty where unknown.</summary>
    public IReadOnlyList<AskedFacts> Asked { get; init; } = [];

    /// <summary>Metrics it gives; empty where unknown.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>Hash of items and scorer; null where it was not computed.</summary>
    public string? ContentHash { get; init; }
}
