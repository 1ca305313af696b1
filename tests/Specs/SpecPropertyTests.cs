using System.Reflection;
using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Tests.Specs;

/// <summary>
/// Nothing is accepted that does nothing: every property of every spec record has an answer to who consumes it and which key it is part of. A property that is added without
/// an answer fails here.
/// </summary>
public sealed class SpecPropertyTests
{
    /// <summary>The first key that a change of the property changes; the later ones follow.</summary>
    public enum Key { Training, Trial, Result, None }

    /// <param name="File">The file under <c>src/</c> that acts on the property.</param>
    /// <param name="Word">What it is called there.</param>
    /// <param name="Key">The key that it is part of.</param>
    /// <param name="Change">Another value of it in the base spec.</param>
    private sealed record Answer(string File, string Word, Key Key, Func<SweepSpec, SweepSpec> Change);

    private static readonly SweepSpec Base = new()
    {
        Name = "base",
        Models = [new ModelSpec { Name = "m", Path = "models/m" }],
        Peft = [new MethodSpec { Name = "p", Method = "lora" }],
        Data = [new DataSpec { Name = "d", Sources = [new SourceSpec { Goat = new GoatOptions() }] }],
        Decoding = new DecodingSpec { Strategy = DecodingSpec.Sample, NumBeams = 2 },
        Evaluation = [new EvaluationSpec { Name = "e", Suite = "perplexity" }],
    };

    private static readonly Dictionary<string, Answer> Answers = new(StringComparer.Ordinal)
    {
        ["SweepSpec.Name"] = new("Client.Library/SweepPreflight.cs", "Spec.Name", Key.None, s => s with { Name = "other" }),
        ["SweepSpec.Description"] = new("Experiments/Aggregation/ReportBuilder.cs", "Description", Key.None, s => s with { Description = "other" }),
        ["SweepSpec.Seeds"] = new("Specs/GridCells.cs", "Seeds", Key.Training, s => s with { Seeds = [7] }),
        ["SweepSpec.Models"] = new("Specs/GridCells.cs", "Models", Key.Training, s => s with { Models = [new ModelSpec { Name = "m", Path = "other" }] }),
        ["SweepSpec.Peft"] = new("Specs/GridCells.cs", "Peft", Key.Training, s => s with { Peft = [new MethodSpec { Name = "p", Method = "ia3" }] }),
        ["SweepSpec.Data"] = new("Specs/GridCells.cs", "Data", Key.Training, s => s with { Data = [new DataSpec { Name = "d", Sources = [new SourceSpec { Set = "alpaca" }] }] }),
        ["SweepSpec.Cot"] = new("Specs/GridCells.cs", "Cot", Key.Trial, s => s with { Cot = [new CotSpec { Name = "none", Cue = "Think." }] }),
        ["SweepSpec.Base"] = new("Specs/GridCells.cs", "spec.Base", Key.None, s => s with { Base = false }),
        ["SweepSpec.Training"] = new("Grains/Sweeps/AssignmentJobs.cs", "Training", Key.Training, s => s with { Training = new TrainingSpec { Epochs = 1 } }),
        ["SweepSpec.Decoding"] = new("Grains/Sweeps/AssignmentJobs.cs", "Decoding", Key.Trial, s => s with { Decoding = new DecodingSpec() }),
        ["SweepSpec.Evaluation"] = new("Grains/Sweeps/AssignmentJobs.cs", "Evaluation", Key.Result, s => s with { Evaluation = [new EvaluationSpec { Name = "e", Suite = "other" }] }),
        ["SweepSpec.Search"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s with { Search = new SearchSpec { Scheduler = "asha", Metric = "e/x" } }),
        ["SweepSpec.Template"] = new("Specs/SweepSpec.cs", "TemplateOf", Key.Training, s => s with { Template = "goat" }),
        ["SweepSpec.Language"] = new("Specs/SweepSpec.cs", "LanguageOf", Key.Training, s => s with { Language = "zh" }),
        ["SweepSpec.Exclude"] = new("Specs/GridCells.cs", "Exclude", Key.None, s => s with { Exclude = [Match("model", "other")] }),
        ["SweepSpec.Include"] = new("Specs/GridCells.cs", "Include", Key.None, s => s with { Include = [Match("model", "m")] }),

        ["ModelSpec.Name"] = new("Specs/GridCells.cs", "model.Name", Key.None, Model(m => m with { Name = "other" })),
        ["ModelSpec.Path"] = new("Worker/Tools/ModelInspection.cs", "model.Reference", Key.Training, Model(m => m with { Path = "other" })),
        ["ModelSpec.Hub"] = new("Specs/ModelSpec.cs", "Reference", Key.Training, Model(m => m with { Path = null, Hub = "o/m" })),
        ["ModelSpec.Revision"] = new("Specs/Keys/TrialKeys.cs", "model.Revision", Key.Training, Model(m => m with { Revision = "v2" })),
        ["ModelSpec.Load"] = new("Specs/SweepSpec.cs", "LoadOf", Key.Training, Model(m => m with { Load = "fp32" })),
        ["ModelSpec.When"] = new("Specs/GridCells.cs", "model.When", Key.None, Model(m => m with { When = Match("peft", "p") })),

        ["MethodSpec.Name"] = new("Specs/GridCells.cs", "peft.Name", Key.None, Method(p => p with { Name = "other" })),
        ["MethodSpec.Method"] = new("Specs/Methods/MethodCatalogue.cs", "peft.Method", Key.Training, Method(p => p with { Method = "ia3" })),
        ["MethodSpec.Options"] = new("Specs/Methods/MethodCatalogue.cs", "peft.Options", Key.Training, Method(p => p with { Options = new Dictionary<string, JsonElement> { ["r"] = JsonSerializer.SerializeToElement(4) } })),
        ["MethodSpec.LearningRate"] = new("Specs/Methods/MethodCatalogue.cs", "peft.LearningRate", Key.Training, Method(p => p with { LearningRate = 0.1 })),
        ["MethodSpec.When"] = new("Specs/GridCells.cs", "peft.When", Key.None, Method(p => p with { When = Match("model", "m") })),

        ["DataSpec.Name"] = new("Specs/GridCells.cs", "data.Name", Key.None, Data(d => d with { Name = "other" })),
        ["DataSpec.Sources"] = new("Data/Preparation/DataPreparation.cs", "spec.Sources", Key.Training, Data(d => d with { Sources = [new SourceSpec { Path = "x" }] })),
        ["DataSpec.Template"] = new("Worker/Jobs/TrainRunner.cs", "Data.Template", Key.Training, Data(d => d with { Template = "goat" })),
        ["DataSpec.Language"] = new("Data/Preparation/SourceRows.cs", "spec.Language", Key.Training, Data(d => d with { Language = "zh" })),
        ["DataSpec.Cot"] = new("Data/Preparation/SourceRows.cs", "spec.Cot", Key.Training, Data(d => d with { Cot = RationaleUse.Answer })),
        ["DataSpec.TrainingCue"] = new("Data/Preparation/SourceRows.cs", "spec.CueOf", Key.Training, Data(d => d with { TrainingCue = new(CueUse.Flan) })),
        ["DataSpec.Match"] = new("Specs/SweepSpec.cs", "data.Match", Key.Training, s => s with { Data = [s.Data[0] with { Match = DataMatch.Rows }, s.Data[0] with { Name = "other", Cot = RationaleUse.Answer, Match = DataMatch.Rows }] }),
        ["DataSpec.Truncation"] = new("Data/Preparation/DataPreparation.cs", "spec.Truncation", Key.Training, Data(d => d with { Truncation = Truncation.Left })),
        ["DataSpec.Learn"] = new("Data/Preparation/DataPreparation.cs", "spec.Learn", Key.Training, Data(d => d with { Learn = LearnedTurns.Last })),
        ["DataSpec.BadRows"] = new("Data/Preparation/SourceRows.cs", "spec.BadRows", Key.Training, Data(d => d with { BadRows = BadRows.Skip })),
        ["DataSpec.When"] = new("Specs/GridCells.cs", "data.When", Key.None, Data(d => d with { When = Match("model", "m") })),

        ["SourceSpec.Set"] = new("Data/Catalogue/DatasetCatalogue.cs", "source.Set", Key.Training, Source(s => s with { Goat = null, Set = "alpaca" })),
        ["SourceSpec.Path"] = new("Data/Catalogue/DatasetCatalogue.cs", "source.Path", Key.Training, Source(s => s with { Goat = null, Path = "rows.json" })),
        ["SourceSpec.Encoding"] = new("Data/Catalogue/DatasetCatalogue.cs", "source.Encoding", Key.Training, Source(s => s with { Goat = null, Path = "rows.json", Encoding = "gbk" })),
        ["SourceSpec.Goat"] = new("Data/Preparation/SourceRows.cs", "_source.Goat", Key.Training, Source(s => s with { Goat = new GoatOptions { Count = 3 } })),
        ["SourceSpec.Weight"] = new("Data/Preparation/SourceRows.cs", "_source.Weight", Key.Training, Source(s => s with { Weight = 2 })),
        ["SourceSpec.Limit"] = new("Data/Preparation/SourceRows.cs", "_source.Limit", Key.Training, Source(s => s with { Limit = 2 })),
        ["SourceSpec.Seed"] = new("Data/Preparation/SourceRows.cs", "_source.Seed", Key.Training, Source(s => s with { Seed = 2 })),
        ["SourceSpec.Language"] = new("Data/Catalogue/DatasetCatalogue.cs", "source.Language", Key.Training, Source(s => s with { Language = "zh" })),
        ["SourceSpec.Cot"] = new("Data/Preparation/SourceRows.cs", "_source.Cot", Key.Training, Source(s => s with { Cot = RationaleUse.Answer })),
        ["SourceSpec.TrainingCue"] = new("Data/Preparation/SourceRows.cs", "spec.CueOf", Key.Training, Source(s => s with { TrainingCue = TrainingCue.Of("Think.") })),
        ["SourceSpec.FewShot"] = new("Data/Preparation/SourceRows.cs", "_source.FewShot", Key.Training, Source(s => s with { FewShot = 2 })),
        ["SourceSpec.AllowLeakage"] = new("Specs/Validation/LeakRules.cs", "source.AllowLeakage", Key.None, Source(s => s with { AllowLeakage = ["e"] })),

        ["SourceSpec.Tables"] = new("Data/Preparation/SourceRows.cs", "source.Tables", Key.Training, Source(s => s with { Goat = null, Path = "t.tsv", Tables = new() })),
        ["TableOptions.Form"] = new("Data/Tables/TableTasks.cs", "options.Form", Key.Training, Tables(t => t with { Form = TableForm.Html })),
        ["TableOptions.Task"] = new("Data/Tables/TableTasks.cs", "options.Task", Key.Training, Tables(t => t with { Task = TableTask.TableToText })),
        ["TableOptions.RepeatMerged"] = new("Data/Tables/TableTasks.cs", "options.RepeatMerged", Key.Training, Tables(t => t with { RepeatMerged = true })),

        ["GoatOptions.Operations"] = new("Data/Goat/GoatTable.cs", "options.Operations", Key.Training, Goat(g => g with { Operations = [GoatOperation.Divide] })),
        ["GoatOptions.MinDigits"] = new("Data/Goat/GoatTable.cs", "options.MinDigits", Key.Training, Goat(g => g with { MinDigits = 2 })),
        ["GoatOptions.MaxDigits"] = new("Data/Goat/GoatTable.cs", "options.MaxDigits", Key.Training, Goat(g => g with { MaxDigits = 3 })),
        ["GoatOptions.Style"] = new("Data/Goat/GoatForm.cs", "options.Style", Key.Training, Goat(g => g with { Style = GoatStyle.Steps })),
        ["GoatOptions.Count"] = new("Data/Goat/GoatGenerator.cs", "options.Count", Key.Training, Goat(g => g with { Count = 3 })),
        ["GoatOptions.Noise"] = new("Data/Goat/GoatGenerator.cs", "options.Noise", Key.Training, Goat(g => g with { Noise = false })),
        ["GoatOptions.Paper"] = new("Data/Goat/GoatGenerator.cs", "options.Paper", Key.Training, Goat(g => g with { Paper = true })),
        ["GoatOptions.Without"] = new("Data/Goat/GoatForm.cs", "options.Without", Key.Training, Goat(g => g with { Without = [GoatStep.Split] })),
        ["GoatOptions.Signed"] = new("Data/Goat/GoatTable.cs", "options.Signed", Key.Training, Goat(g => g with { Signed = true })),
        ["GoatOptions.Decimals"] = new("Data/Goat/GoatTable.cs", "options.Decimals", Key.Training, Goat(g => g with { Decimals = 2 })),
        ["GoatOptions.Split"] = new("Data/Goat/GoatGenerator.cs", "options.Split", Key.Training, Goat(g => g with { Split = GoatSplit.HeldOut })),

        ["CotSpec.Name"] = new("Specs/GridCells.cs", "cot.Name", Key.None, s => s with { Cot = [s.Cot[0] with { Name = "other" }] }),
        ["CotSpec.Cue"] = new("Grains/Sweeps/AssignmentJobs.cs", "Cue", Key.Trial, s => s with { Cot = [s.Cot[0] with { Cue = "Think." }] }),
        ["CotSpec.Language"] = new("Grains/Sweeps/AssignmentJobs.cs", "Language", Key.Trial, s => s with { Cot = [s.Cot[0] with { Language = "zh" }] }),
        ["CotSpec.When"] = new("Specs/GridCells.cs", "cot.When", Key.None, s => s with { Cot = [s.Cot[0] with { When = Match("model", "m") }] }),

        ["TrainingSpec.Epochs"] = new("Training/StepPlan.cs", "TotalSteps", Key.Training, Training(t => t with { Epochs = 1 })),
        ["TrainingSpec.MaxSteps"] = new("Training/StepPlan.cs", "TotalSteps", Key.Training, Training(t => t with { MaxSteps = 1 })),
        ["TrainingSpec.BatchSize"] = new("Training/StepPlan.cs", "settings.BatchSize", Key.Training, Training(t => t with { BatchSize = 1 })),
        ["TrainingSpec.GradientAccumulation"] = new("Training/MemberState.cs", "GradientAccumulation", Key.None, Training(t => t with { GradientAccumulation = 2 })),
        ["TrainingSpec.MicroBatchTokens"] = new("Experiments/Planning/PackPlanner.cs", "Training.MicroBatchTokens", Key.None, Training(t => t with { MicroBatchTokens = 99 })),
        ["TrainingSpec.CutoffLen"] = new("Worker/Jobs/TrainRunner.cs", "Training.CutoffLen", Key.Training, Training(t => t with { CutoffLen = 64 })),
        ["TrainingSpec.Precision"] = new("Specs/SweepSpec.cs", "Training.Precision", Key.Training, Training(t => t with { Precision = "fp32" })),
        ["TrainingSpec.LearningRate"] = new("Training/Schedules.cs", "settings.LearningRate", Key.Training, Training(t => t with { LearningRate = 0.5 })),
        ["TrainingSpec.Schedule"] = new("Training/Schedules.cs", "settings.Schedule", Key.Training, Training(t => t with { Schedule = "cosine" })),
        ["TrainingSpec.ScheduleArguments"] = new("Training/Schedules.cs", "settings.ScheduleArguments", Key.Training, Training(t => t with { ScheduleArguments = new Dictionary<string, double> { ["power"] = 2 } })),
        ["TrainingSpec.WarmupRatio"] = new("Training/StepPlan.cs", "WarmupOf", Key.Training, Training(t => t with { WarmupRatio = 0.1 })),
        ["TrainingSpec.WarmupSteps"] = new("Training/StepPlan.cs", "WarmupOf", Key.Training, Training(t => t with { WarmupSteps = 1 })),
        ["TrainingSpec.Optimizer"] = new("Training/Optimisers/Optimiser.cs", "settings.Optimizer", Key.Training, Training(t => t with { Optimizer = "lion" })),
        ["TrainingSpec.OptimizerArguments"] = new("Specs/Optimisers/OptimiserDefinition.cs", "training.OptimizerArguments", Key.Training, Training(t => t with { OptimizerArguments = new Dictionary<string, double> { ["amsgrad"] = 1 } })),
        ["TrainingSpec.LabelSmoothing"] = new("Training/SupervisedLoss.cs", "settings.LabelSmoothing", Key.Training, Training(t => t with { LabelSmoothing = 0.1 })),
        ["TrainingSpec.ZLoss"] = new("Training/SupervisedLoss.cs", "settings.ZLoss", Key.Training, Training(t => t with { ZLoss = 1e-4 })),
        ["TrainingSpec.WeightDecay"] = new("Training/Optimisers/Optimiser.cs", "WeightDecay", Key.Training, Training(t => t with { WeightDecay = 0.1 })),
        ["TrainingSpec.Clip"] = new("Training/CoTrainer.cs", "settings.Clip", Key.Training, Training(t => t with { Clip = 0 })),
        ["TrainingSpec.AdamBeta1"] = new("Training/Optimisers/AdamW.cs", "AdamBeta1", Key.Training, Training(t => t with { AdamBeta1 = 0.5 })),
        ["TrainingSpec.AdamBeta2"] = new("Training/Optimisers/AdamW.cs", "AdamBeta2", Key.Training, Training(t => t with { AdamBeta2 = 0.5 })),
        ["TrainingSpec.AdamEpsilon"] = new("Training/Optimisers/AdamW.cs", "AdamEpsilon", Key.Training, Training(t => t with { AdamEpsilon = 0.5 })),
        ["TrainingSpec.TrainOnPrompt"] = new("Worker/Jobs/TrainRunner.cs", "Training.TrainOnPrompt", Key.Training, Training(t => t with { TrainOnPrompt = true })),
        ["TrainingSpec.CheckpointSteps"] = new("Grains/Sweeps/AssignmentJobs.cs", "Training.CheckpointSteps", Key.None, Training(t => t with { CheckpointSteps = 2 })),

        ["DecodingSpec.Strategy"] = new("Worker/Jobs/Decodings.cs", "decoding.Strategy", Key.Trial, Decoding(d => d with { Strategy = DecodingSpec.Greedy })),
        ["DecodingSpec.MaxNewTokens"] = new("Worker/Jobs/Decodings.cs", "decoding.MaxNewTokens", Key.Trial, Decoding(d => d with { MaxNewTokens = 3 })),
        ["DecodingSpec.Temperature"] = new("Worker/Jobs/Decodings.cs", "decoding.Temperature", Key.Trial, Decoding(d => d with { Temperature = 2 })),
        ["DecodingSpec.TopP"] = new("Worker/Jobs/Decodings.cs", "decoding.TopP", Key.Trial, Decoding(d => d with { TopP = 0.5 })),
        ["DecodingSpec.TopK"] = new("Worker/Jobs/Decodings.cs", "decoding.TopK", Key.Trial, Decoding(d => d with { TopK = 3 })),
        ["DecodingSpec.RepetitionPenalty"] = new("Worker/Jobs/Decodings.cs", "decoding.RepetitionPenalty", Key.Trial, Decoding(d => d with { RepetitionPenalty = 2 })),
        ["DecodingSpec.Stop"] = new("Worker/Jobs/Decodings.cs", "decoding.Stop", Key.Trial, Decoding(d => d with { Stop = ["x"] })),
        ["DecodingSpec.MinNewTokens"] = new("Worker/Jobs/Decodings.cs", "decoding.MinNewTokens", Key.Trial, Decoding(d => d with { MinNewTokens = 3 })),
        ["DecodingSpec.MinLength"] = new("Worker/Jobs/Decodings.cs", "decoding.MinLength", Key.Trial, Decoding(d => d with { MinLength = 3 })),
        ["DecodingSpec.NumBeams"] = new("Worker/Jobs/Decodings.cs", "decoding.NumBeams", Key.Trial, Decoding(d => d with { NumBeams = 4 })),
        ["DecodingSpec.LengthPenalty"] = new("Worker/Jobs/Decodings.cs", "decoding.LengthPenalty", Key.Trial, Decoding(d => d with { LengthPenalty = 2 })),
        ["DecodingSpec.EarlyStopping"] = new("Worker/Jobs/Decodings.cs", "decoding.EarlyStopping", Key.Trial, Decoding(d => d with { EarlyStopping = "never" })),
        ["DecodingSpec.TopH"] = new("Worker/Jobs/Decodings.cs", "decoding.TopH", Key.Trial, Decoding(d => d with { TopH = 0.5 })),
        ["DecodingSpec.MinP"] = new("Worker/Jobs/Decodings.cs", "decoding.MinP", Key.Trial, Decoding(d => d with { MinP = 0.1 })),
        ["DecodingSpec.TypicalP"] = new("Worker/Jobs/Decodings.cs", "decoding.TypicalP", Key.Trial, Decoding(d => d with { TypicalP = 0.5 })),
        ["DecodingSpec.EpsilonCutoff"] = new("Worker/Jobs/Decodings.cs", "decoding.EpsilonCutoff", Key.Trial, Decoding(d => d with { EpsilonCutoff = 0.1 })),
        ["DecodingSpec.EtaCutoff"] = new("Worker/Jobs/Decodings.cs", "decoding.EtaCutoff", Key.Trial, Decoding(d => d with { EtaCutoff = 0.1 })),
        ["DecodingSpec.NoRepeatNgramSize"] = new("Worker/Jobs/Decodings.cs", "decoding.NoRepeatNgramSize", Key.Trial, Decoding(d => d with { NoRepeatNgramSize = 3 })),
        ["DecodingSpec.BadWords"] = new("Worker/Jobs/Decodings.cs", "decoding.BadWords", Key.Trial, Decoding(d => d with { BadWords = ["x"] })),
        ["DecodingSpec.SequenceBias"] = new("Worker/Jobs/Decodings.cs", "decoding.SequenceBias", Key.Trial, Decoding(d => d with { SequenceBias = new Dictionary<string, double> { ["x"] = 1 } })),
        ["DecodingSpec.SuppressTokens"] = new("Worker/Jobs/Decodings.cs", "decoding.SuppressTokens", Key.Trial, Decoding(d => d with { SuppressTokens = ["5"] })),
        ["DecodingSpec.BeginSuppressTokens"] = new("Worker/Jobs/Decodings.cs", "decoding.BeginSuppressTokens", Key.Trial, Decoding(d => d with { BeginSuppressTokens = ["5"] })),
        ["DecodingSpec.ExponentialDecayLengthPenalty"] = new("Worker/Jobs/Decodings.cs", "decoding.ExponentialDecayLengthPenalty", Key.Trial, Decoding(d => d with { ExponentialDecayLengthPenalty = [3, 1.1] })),
        ["DecodingSpec.ForcedEos"] = new("Worker/Jobs/Decodings.cs", "decoding.ForcedEos", Key.Trial, Decoding(d => d with { ForcedEos = ["5"] })),
        ["DecodingSpec.RemoveInvalidValues"] = new("Worker/Jobs/Decodings.cs", "decoding.RemoveInvalidValues", Key.Trial, Decoding(d => d with { RemoveInvalidValues = true })),
        ["DecodingSpec.RenormalizeLogits"] = new("Worker/Jobs/Decodings.cs", "decoding.RenormalizeLogits", Key.Trial, Decoding(d => d with { RenormalizeLogits = true })),
        ["DecodingSpec.StopTokens"] = new("Worker/Jobs/Decodings.cs", "decoding.StopTokens", Key.Trial, Decoding(d => d with { StopTokens = ["5"] })),

        ["EvaluationSpec.Name"] = new("Specs/Keys/TrialKeys.cs", "evaluation.Name", Key.None, Evaluation(e => e with { Name = "other" })),
        ["EvaluationSpec.Suite"] = new("Specs/SweepSpecJson.cs", "e.Suite", Key.Result, Evaluation(e => e with { Suite = "other" })),
        ["EvaluationSpec.Limit"] = new("Specs/SweepSpecJson.cs", "e.Limit", Key.Result, Evaluation(e => e with { Limit = 3 })),
        ["EvaluationSpec.FewShot"] = new("Specs/SweepSpecJson.cs", "e.FewShot", Key.Result, Evaluation(e => e with { FewShot = 3 })),
        ["EvaluationSpec.Options"] = new("Specs/Suites/SuiteOptions.cs", "evaluation.Options", Key.Result, Evaluation(e => e with { Options = new Dictionary<string, JsonElement> { ["file"] = JsonSerializer.SerializeToElement("f") } })),

        ["AxisMatch.Values"] = new("Specs/AxisMatch.cs", "Matches", Key.None, s => s with { Include = [Match("peft", "p")] }),

        // The whole section is refused until it is built.
        ["SearchSpec.Scheduler"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s),
        ["SearchSpec.Reduction"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s),
        ["SearchSpec.GraceSteps"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s),
        ["SearchSpec.Metric"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s),
        ["SearchSpec.Mode"] = new("Specs/Parsing/AskingParser.cs", "search is not built yet", Key.None, s => s),
    };

    private static readonly Type[] Records =
    [
        typeof(SweepSpec), typeof(ModelSpec), typeof(MethodSpec), typeof(DataSpec), typeof(SourceSpec), typeof(GoatOptions), typeof(TableOptions), typeof(CotSpec), typeof(TrainingSpec), typeof(DecodingSpec),
        typeof(EvaluationSpec), typeof(SearchSpec), typeof(AxisMatch),
    ];

    public static TheoryData<string> Properties => [.. Answers.Keys];

    [Fact]
    public void EveryProperty_HasAnAnswer()
    {
        var declared = from record in Records
                       from property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                       where property.CanWrite
                       select $"{record.Name}.{property.Name}";
        Assert.Equal(declared.Order(StringComparer.Ordinal), Answers.Keys.Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Properties))]
    public void Property_IsConsumedWhereItIsSaidToBe(string property)
    {
        var (file, word) = (Answers[property].File, Answers[property].Word);
        Assert.Contains(word, File.ReadAllText(Path.Combine(Sources, file)), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Properties))]
    public void Property_Changed_ChangesItsKeyAndThoseAfterIt(string property)
    {
        var answer = Answers[property];
        var (before, after) = (KeysOf(Base), KeysOf(answer.Change(Base)));
        Key[] order = [Key.Training, Key.Trial, Key.Result];
        Assert.Equal(order.Select(key => key >= answer.Key), order.Select((_, i) => before[i] != after[i]));
    }

    /// <summary>A file of rows, weights or a template may change under the same name: its content is in the keys.</summary>
    [Fact]
    public void Contents_Changed_ChangeTheirKeys()
    {
        var targets = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> { ["lora"] = new Dictionary<string, IReadOnlyList<string>> { ["target_modules"] = ["q_proj"] } };
        var other = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> { ["lora"] = new Dictionary<string, IReadOnlyList<string>> { ["target_modules"] = ["v_proj"] } };
        SpecIdentities Known(string code = "1", string model = "w", string tokenizer = "t", bool others = false, string rows = "r", string template = "x", string suite = "s") => new()
        {
            Code = code,
            Models = new Dictionary<string, ModelIdentity> { ["m"] = new(model, tokenizer, others ? other : targets) },
            Sources = new Dictionary<string, IReadOnlyList<string?>> { ["d"] = [rows] },
            Templates = new Dictionary<string, string> { ["d"] = template },
            Suites = new Dictionary<string, string> { ["e"] = suite },
        };
        var before = KeysOf(Base, Known());
        SpecIdentities[] weights = [Known(code: "2"), Known(model: "v"), Known(tokenizer: "u"), Known(others: true), Known(rows: "q"), Known(template: "y")];
        Assert.All(weights, known => Assert.NotEqual(before[0], KeysOf(Base, known)[0]));
        Assert.Equal(before[..2], KeysOf(Base, Known(suite: "o"))[..2]);
        Assert.NotEqual(before[2], KeysOf(Base, Known(suite: "o"))[2]);
        // Defaults written out are the same as defaults left out.
        var written = Base with { Peft = [Base.Peft[0] with { Options = new Dictionary<string, JsonElement> { ["r"] = JsonSerializer.SerializeToElement(8), ["target_modules"] = JsonSerializer.SerializeToElement<string[]>(["q_proj"]) } }] };
        Assert.Equal(before, KeysOf(written, Known()));
    }

    private static string[] KeysOf(SweepSpec spec, SpecIdentities? known = null)
    {
        var (keys, cell) = (new TrialKeys(spec, known ?? SpecIdentities.None), GridCells.Of(spec).First());
        var training = keys.Training(cell.Model, cell.Method, cell.Data, cell.Seed, MethodCatalogue.LearningRate(cell.Method, spec.Training).Rate);
        var trial = keys.Trial(training, cell.Cot);
        return [training, trial, keys.Result(trial, spec.Evaluation[0])];
    }

    private static string Sources
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "AlpacaCot.Orleans.sln"))) folder = folder.Parent!;
            return Path.Combine(folder.FullName, "src");
        }
    }

    private static AxisMatch Match(string axis, string value) => new(new Dictionary<string, IReadOnlyList<string>> { [axis] = [value] });

    private static Func<SweepSpec, SweepSpec> Model(Func<ModelSpec, ModelSpec> change) => s => s with { Models = [change(s.Models[0])] };

    private static Func<SweepSpec, SweepSpec> Method(Func<MethodSpec, MethodSpec> change) => s => s with { Peft = [change(s.Peft[0])] };

    private static Func<SweepSpec, SweepSpec> Data(Func<DataSpec, DataSpec> change) => s => s with { Data = [change(s.Data[0])] };

    private static Func<SweepSpec, SweepSpec> Source(Func<SourceSpec, SourceSpec> change) => Data(d => d with { Sources = [change(d.Sources[0])] });

    private static Func<SweepSpec, SweepSpec> Goat(Func<GoatOptions, GoatOptions> change) => Source(s => s with { Goat = change(s.Goat!) });

    private static Func<SweepSpec, SweepSpec> Tables(Func<TableOptions, TableOptions> change) => Source(s => s with { Goat = null, Path = "t.tsv", Tables = change(new()) });

    private static Func<SweepSpec, SweepSpec> Training(Func<TrainingSpec, TrainingSpec> change) => s => s with { Training = change(s.Training) };

    private static Func<SweepSpec, SweepSpec> Decoding(Func<DecodingSpec, DecodingSpec> change) => s => s with { Decoding = change(s.Decoding) };

    private static Func<SweepSpec, SweepSpec> Evaluation(Func<EvaluationSpec, EvaluationSpec> change) => s => s with { Evaluation = [change(s.Evaluation[0])] };
}
