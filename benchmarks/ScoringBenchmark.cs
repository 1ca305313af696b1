using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Benchmarks;

/// <summary>Multiple choice through the real suite: what questions begin with in common computed once, and each question's context on its own.</summary>
internal static class ScoringBenchmark
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        var shape = new Shape.ShapeOptions();
        Option<string?> tokenizer = Options.File("--tokenizer", "The tokenizer: its file, or a folder with it"), examples = Options.File("--few-shot-file", "Worked examples; the questions' own where left out");
        var files = new Option<string[]>("--file") { Description = "Questions, CMMLU's columns; repeatable, each with its examples", Required = true, AllowMultipleArgumentsPerToken = true };
        tokenizer.Required = true;
        var form = new Option<string>("--form") { Description = "letters, or options (letters)", DefaultValueFactory = _ => MultipleChoiceOptions.Letters };
        Option<int> shots = Options.Count("--few-shot", "Worked examples of each question", 5, 0), rounds = Options.Count("--rounds", "Measured in turns this often", 5), limit = Options.Count("--limit", "Most questions of a file", 1000), threads = Options.Threads();
        var precision = Options.Precision();
        var profiled = Profile.Option();
        var command = new Command("scoring", "Multiple choice by log-likelihood: questions per second, beside each question's whole context once, in turns") { files, examples, tokenizer, form, shots, limit, rounds, precision, threads, profiled };
        shape.AddTo(command);
        command.SetAction(parsed =>
        {
            var own = TokenizerDirectory.Load(parsed.GetValue(tokenizer)!);
            LibTorch.Load();
            Threads.Count = parsed.GetValue(threads);
            using var generator = new Generator(0);
            using var decoder = Decoder.CreateRandom((shape.Read(parsed) with { Vocabulary = own.VocabularySize }).Config(), generator, Options.TypeOf(parsed.GetValue(precision)!), storage: Options.StorageOf(parsed.GetValue(precision)!));
            var folder = parsed.GetValue(examples);
            List<ISuite> suites = [.. parsed.GetValue(files)!.Select(file => SuiteRegistry.Create(new EvaluationSpec
            {
                Name = Path.GetFileNameWithoutExtension(file), Suite = MultipleChoiceOptions.Suite, FewShot = parsed.GetValue(shots), Limit = parsed.GetValue(limit),
                Options = Given(file, folder is not null && Directory.Exists(folder) ? Path.Combine(folder, Path.GetFileName(file)) : folder, parsed.GetValue(form)!),
            }, [Environment.CurrentDirectory]))];
            var questions = suites.Sum(suite => suite.Items.Count);
            (double Seconds, IReadOnlyList<SuiteResult> Results) Ask(bool whole)
            {
                using var engine = new InferenceEngine(decoder, own, options: new EngineOptions { WholeRows = whole });
                var clock = Stopwatch.StartNew();
                var results = EvaluationRunner.Run(suites, engine);
                return (clock.Elapsed.TotalSeconds, results);
            }

            Ask(whole: false);
            List<double> shared = [], whole = [];
            var (agreeing, largest) = (0, 0.0);
            for (var round = 0; round < parsed.GetValue(rounds); round++)
            {
                var (mine, plain) = (Ask(whole: false), Ask(whole: true));
                shared.Add(mine.Seconds);
                whole.Add(plain.Seconds);
                var pairs = mine.Results.Zip(plain.Results).SelectMany(pair => pair.First.Samples.Zip(pair.Second.Samples)).ToList();
                agreeing = pairs.Count(pair => Accuracy(pair.First) == Accuracy(pair.Second));
                largest = pairs.Max(pair => Sums(pair.First).Zip(Sums(pair.Second)).Max(sums => Math.Abs(sums.First - sums.Second)));
            }
            double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
            Options.Print(parsed, new
            {
                benchmark = "scoring", questions, form = parsed.GetValue(form), few_shot = parsed.GetValue(shots), questions_per_s = Math.Round(questions / Median(shared), 1), whole_questions_per_s = Math.Round(questions / Median(whole), 1),
                speedup = Math.Round(Median(whole) / Median(shared), 2), same_accuracy = agreeing, largest_difference = Math.Round(largest, 6), precision = parsed.GetValue(precision), threads = parsed.GetValue(threads), parameters = decoder.ParameterCount,
            });
            if (parsed.GetValue(profiled)) Profile.Of(() => Ask(whole: false)).Print(parsed, decoder, Profile.UsualRows, parsed.GetValue(threads));
        });
        return command;
    }

    private static SortedDictionary<string, JsonElement> Given(string file, string? examples, string form)
    {
        JsonElement Text(string value) => JsonSerializer.SerializeToElement(value);
        var given = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal) { ["file"] = Text(file), ["form"] = Text(form) };
        if (examples is not null) given["few_shot_file"] = Text(examples);
        return given;
    }

    private static double Accuracy(EvaluationSample sample) => sample.Metrics.First(metric => metric.Key == "acc").Value.GetValue<double>();

    private static IEnumerable<double> Sums(EvaluationSample sample) => sample.Responses.Select(response => response[0]!.GetValue<double>());
}
