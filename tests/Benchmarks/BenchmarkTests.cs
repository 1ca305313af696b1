using System.CommandLine;
using System.Text.Json;
using AlpacaCot.Benchmarks;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Tokenizers.Training;

namespace AlpacaCot.Tests.Benchmarks;

/// <summary>What benchmarks print and refuse, on the smallest shapes.</summary>
public sealed class BenchmarkTests : IDisposable
{
    private const string Small = "--layers 1 --hidden 16 --heads 2 --vocabulary 97 --threads 1";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static async Task<(int Code, string Output, string Error)> RunAsync(string line)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await BenchmarkProgram.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new InvocationConfiguration { Output = output, Error = error });
        return (code, output.ToString(), error.ToString());
    }

    private static async Task<JsonElement[]> FiguresAsync(string line)
    {
        var (code, output, error) = await RunAsync(line);
        Assert.Equal((0, ""), (code, error));
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(figure => JsonElement.Parse(figure))];
    }

    private string Rows(params string[] rows)
    {
        File.WriteAllLines(_folder["rows.json"], rows);
        return _folder["rows.json"];
    }

    [Fact]
    public async Task List_ExplainsEachBenchmark()
    {
        var lines = (await RunAsync("--list")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["training", "cotraining", "growth", "decode", "scoring", "load", "membw", "tokenize", "encode", "prepare", "goat", "scheduler", "report"], lines.Select(line => line.Split(' ')[0]));
        Assert.All(lines, line => Assert.True(line.Length > 40, line));
    }

    [Fact]
    public async Task EveryBenchmark_TakesJson_AndDescribesEveryOption()
    {
        foreach (var benchmark in BenchmarkProgram.Command().Subcommands)
        {
            Assert.All(benchmark.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), $"{benchmark.Name} {option.Name}"));
            Assert.Equal((0, ""), await RunAsync($"{benchmark.Name} --json --help") is var (code, _, error) ? (code, error) : default);
        }
    }

    [Fact]
    public void KernelProfile_OfAProduct_HasItsOperationsAndBytes_AndNothingOutsideItsTime()
    {
        LibTorch.Load();
        const int Rows = 200, Inputs = 64, Outputs = 32;
        using Tensor x = torch.ones(Rows, Inputs), w = torch.ones(Outputs, Inputs);
        KernelTime product;
        using (var profile = KernelProfile.Begin())
        {
            Functional.Linear(x, w).Dispose();
            Functional.Matmul(x, w.t()).Dispose();
            product = Assert.Single(profile.Times);
            Assert.Throws<InvalidOperationException>(KernelProfile.Begin);
        }
        Assert.Equal(("product", 2, 2.0 * 2 * Rows * Inputs * Outputs, 2.0 * sizeof(float) * (Rows * Inputs + Outputs * Inputs + Rows * Outputs)), (product.Kernel, product.Calls, product.Operations, product.Bytes));
        Assert.True(product.Seconds > 0);
        using var next = KernelProfile.Begin();
        Assert.Empty(next.Times);
    }

    [Theory]
    [InlineData("training --precision bf16 --steps 2 --batch 2 --cutoff-len 16 --dropout 0.1 --targets q_proj o_proj", "product", "product, backward", "attention", "attention, backward", "low-rank update", "dropout", "norm", "norm, backward", "SwiGLU", "rotary", "cross entropy", "AdamW")]
    [InlineData("decode --precision fp32 --tokens 4 --batch 1", "product of few rows", "attention", "norm", "SwiGLU", "rotary")]
    [InlineData("cotraining --precision fp32 --members 2 --steps 1 --batch 1 --cutoff-len 16", "product", "attention", "AdamW")]
    public async Task Profile_NamesTheKernels_AndSharesOutTheWholeTime(string line, params string[] kernels)
    {
        var all = await FiguresAsync($"{line} --profile --json {Small}");
        var figures = all.Where(figure => figure.GetProperty("benchmark").GetString() == "profile").ToList();
        var names = figures.Select(figure => figure.GetProperty("kernel").GetString()).ToList();
        Assert.All(kernels, kernel => Assert.Contains(kernel, names));
        Assert.Equal("everything else", names[^1]);
        Assert.InRange(figures.Sum(figure => figure.GetProperty("share").GetDouble()), 0.99, 1.01);
        Assert.All(figures.SkipLast(1), figure => Assert.True(figure.GetProperty("calls").GetInt64() > 0 && figure.GetProperty("gb_per_s").GetDouble() >= 0, figure.ToString()));

        // Without --json it is a table, behind the figure.
        var (code, output, _) = await RunAsync($"{line} --profile {Small}");
        Assert.Equal(0, code);
        Assert.Contains("limits in this run: ", output, StringComparison.Ordinal);
        Assert.Matches($"(?m)^{kernels[0]} +[0-9]+ +[0-9.]+ +[0-9.]+%", output);
    }

    [Fact]
    public async Task Goat_SmallTable_IsMadeAndVerified()
    {
        var figure = Assert.Single(await FiguresAsync("goat --count 200 --rounds 1"));
        Assert.Equal(200, figure.GetProperty("rows").GetInt32());
        Assert.All((string[])["made_per_s", "verified_per_s"], name => Assert.True(figure.GetProperty(name).GetDouble() > 0));
    }

    [Theory]
    [InlineData("[{0},{0}]")]
    [InlineData("{0}\n\n{0}")]
    public async Task Training_OnRows_CountsTheirTokens(string form)
    {
        var rows = Rows(form.Replace("{0}", """{"ids":[5,6,7,8],"labels":[-100,-100,7,8]}"""));
        var figure = Assert.Single(await FiguresAsync($"training --json --rows {rows} --steps 1 --batch 2 --precision fp32 {Small}"));
        // Eight tokens, of which four are learnt, in one step.
        Assert.Equal(2, figure.GetProperty("tokens_per_s").GetDouble() / figure.GetProperty("supervised_per_s").GetDouble(), 1);
        Assert.Equal(8, figure.GetProperty("tokens_per_s").GetDouble() * figure.GetProperty("step_ms").GetDouble() / 1000, 0);
        Assert.InRange(figure.GetProperty("first_loss").GetDouble(), 3, 6); // ln 97 is 4.6
        Assert.True(figure.GetProperty("peak_rss_mb").GetDouble() > 10);
        Assert.InRange(figure.GetProperty("gemm_limit_share").GetDouble(), 0, 1);
    }

    [Theory]
    [InlineData("""{"labels":[1,2]}""", "row.*'ids'")]
    [InlineData("""{"ids":[1,2]}""", "'labels'")]
    [InlineData("""{"ids":null,"labels":null}""", "'ids'")]
    [InlineData("[1,2]", "'ids'")]
    [InlineData("""{"ids":[1,2],"labels":[1]}""", "2 ids and 1 labels")]
    [InlineData("""{"ids":[1,97],"labels":[1,2]}""", "the id 97 .*--vocabulary")]
    [InlineData("""{"ids":[1,2.5],"labels":[1,2]}""", "2.5 in 'ids'")]
    [InlineData("""{"ids":[],"labels":[]}""", "no ids")]
    [InlineData("""{"ids":[1,2],"labels":[-100,-100]}""", "learnt")]
    [InlineData("""{"ids":[1,2""", "rows.json")]
    [InlineData("", "has 0 rows, 1 are needed")]
    public async Task Training_OnWhatAreNoRows_SaysWhatIsWrong(string row, string says)
    {
        var (code, output, error) = await RunAsync($"training --rows {Rows(row)} --steps 1 --batch 1 {Small}");
        Assert.Equal((2, ""), (code, output));
        Assert.Matches($"^error: .*rows.json.*{says}|^error: .*{says}", error);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("unheard-of", "there is no benchmark 'unheard-of'")]
    [InlineData("", "--list")]
    [InlineData("training --steps 0", "--steps 0: must be at least 1")]
    [InlineData("training --dropout 1", "--dropout 1: must be at least 0 and less than 1")]
    [InlineData($"training --steps 1 --batch 1 --targets nope --precision fp32 {Small}", "'nope' match no projection")]
    [InlineData("training --precision fp7", "precision 'fp7' is unknown")]
    [InlineData("decode --device gpu", "device 'gpu' is unknown")]
    [InlineData("training --device cuda:77", "--device cuda:77: libtorch finds ")]
    [InlineData("cotraining --device cuda:0 --profile", "--profile: the kernels that are timed are the processor's")]
    [InlineData("decode --hidden 20 --heads 8", "--hidden 20")]
    [InlineData("tokenize --text x", "--tokenizer")]
    [InlineData("training --rows /no/such/file", "/no/such/file")]
    [InlineData("scheduler --trial-seconds -1", "--trial-seconds -1")]
    public async Task WrongRequest_Is2_AndNamesWhatIsWrong(string line, string names)
    {
        var (code, _, error) = await RunAsync(line);
        Assert.Equal(2, code);
        Assert.Contains(names, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"cotraining --members 2 --steps 1 --batch 1 --precision fp32 {Small}", "speedup")]
    [InlineData($"growth --of members --most 4 --rounds 1 --precision fp32 {Small}", "ratio_to_first")]
    [InlineData($"decode --tokens 3 --prompt-tokens 2 --members 2 --precision fp32 {Small}", "tokens_per_s")]
    [InlineData($"load --clients 2 --requests 2 --prompt-tokens 2 --tokens 3 --precision fp32 {Small}", "answer_ms_p95")]
    [InlineData("membw --megabytes 1 --threads 2", "copy_gb_per_s")]
    [InlineData("report --models 2 --methods 1 --data 2 --cues 1 --seeds 2 --items 8", "html_mb")]
    public async Task Benchmark_PrintsItsFigures(string line, string figure)
    {
        var figures = await FiguresAsync(line);
        Assert.All(figures, of => Assert.Equal(line.Split(' ')[0], of.GetProperty("benchmark").GetString()));
        Assert.All(figures, of => Assert.True(of.GetProperty(figure).GetDouble() >= 0));
    }

    [Fact]
    public async Task Load_CountsEveryRequest()
    {
        var figure = Assert.Single(await FiguresAsync($"load --clients 3 --requests 2 --prompt-tokens 2 --tokens 4 --precision fp32 {Small}"));
        Assert.Equal(6, figure.GetProperty("requests").GetInt32());
        Assert.Equal(4, figure.GetProperty("tokens_per_s").GetDouble() / figure.GetProperty("requests_per_s").GetDouble(), 1);
        Assert.True(figure.GetProperty("first_token_ms_p50").GetDouble() <= figure.GetProperty("answer_ms_p50").GetDouble());
    }

    [Fact]
    public async Task TokenizeAndEncode_CountBytesTokensAndRows()
    {
        string[] corpus = ["one and two", "three and four", "12 + 34 = 46"];
        var tokenizer = ByteBpeTrainer.Train(corpus, new ByteBpeOptions { VocabularySize = 280 }, _folder["t"]);
        File.WriteAllLines(_folder["text.txt"], corpus);
        var figures = TokenizeBenchmark.Run(() => tokenizer, corpus, TimeProvider.System, TimeSpan.Zero);
        Assert.Equal(corpus.Sum(text => text.Length), figures.Bytes);
        Assert.Equal(corpus.Sum(text => tokenizer.Encode(text).Length), figures.Tokens);
        Assert.True(figures is { EncodeMegabytesPerSecond: > 0, ColdMegabytesPerSecond: > 0, DecodeMegabytesPerSecond: > 0, EncodeAllocatedBytesPerByte: > 0 });
        File.WriteAllText(_folder["rows.jsonl"], """
            {"instruction": "one and two", "output": "three"}
            {"instruction": "nothing", "output": ""}
            """);
        var encoded = Assert.Single(await FiguresAsync($"encode --tokenizer {_folder["t"]} --data {_folder["rows.jsonl"]}"));
        Assert.Equal((2, 1), (encoded.GetProperty("rows").GetInt32(), encoded.GetProperty("examples").GetInt32()));
    }

    [Theory]
    [InlineData("letters")]
    [InlineData("options")]
    public async Task Scoring_SharedAndWhole_SameAnswers(string form)
    {
        string[] questions = [.. Enumerable.Range(0, 6).Select(n => $"{n},What is {n} and one?,{n},{n + 1},{n + 2},{n + 3},B")];
        File.WriteAllLines(_folder["sums.csv"], ["id,Question,A,B,C,D,Answer", .. questions]);
        ByteBpeTrainer.Train(questions, new ByteBpeOptions { VocabularySize = 280 }, _folder["t"]);
        var figures = Assert.Single(await FiguresAsync($"scoring --file {_folder["sums.csv"]} --tokenizer {_folder["t"]} --few-shot 2 --form {form} --rounds 1 --precision fp32 --layers 2 --hidden 32 --heads 4"));
        Assert.Equal((6, 6), (figures.GetProperty("questions").GetInt32(), figures.GetProperty("same_accuracy").GetInt32()));
        Assert.InRange(figures.GetProperty("largest_difference").GetDouble(), 0, 1e-4);
        Assert.True(figures.GetProperty("whole_questions_per_s").GetDouble() > 0);
    }

    [Fact]
    public async Task Tokenize_BesideTheLibrary_SameIdsOfOneVocabulary()
    {
        File.WriteAllText(_folder["tokenizer.json"], """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
             "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                       "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "un": 5, "##happy": 6, "day": 7, "##s": 8, ",": 9}}}
            """);
        File.WriteAllText(_folder["text.txt"], "Unhappy days, day\nnothing, UN\n");
        var figures = Assert.Single(await FiguresAsync($"tokenize --tokenizer {_folder["tokenizer.json"]} --text {_folder["text.txt"]} --beside-library"));
        Assert.Equal(0, figures.GetProperty("different_texts").GetInt32());
        Assert.True(figures.GetProperty("cold_encode_mb_per_s").GetDouble() >= 0 && figures.GetProperty("library_cold_encode_mb_per_s").GetDouble() >= 0);
        ByteBpeTrainer.Train(["one and two"], new ByteBpeOptions { VocabularySize = 270 }, _folder["t"]);
        Assert.Contains("no tokenizer.json of WordPiece", Assert.Throws<BenchmarkException>(() => WordPieceLibrary.Compare(_folder["t"], ["x"], TimeProvider.System)).Message, StringComparison.Ordinal);
    }
}
