using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Evaluation;
using AlpacaCot.Files;
using AlpacaCot.Inference;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Tokenizers;
using AlpacaCot.Training;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>The small parts of the worker.</summary>
public sealed class PartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SuiteDeclarations_OptionsStandBesideTheCommonKeys()
    {
        EvaluationSpec Of(string suite, string option, int value) => new() { Name = "sums", Suite = suite, Limit = 3, Options = new Dictionary<string, JsonElement> { [option] = TinyPack.Json(value.ToString(System.Globalization.CultureInfo.InvariantCulture)) } };
        var suite = SuiteDeclarations.Create(Of("goat-arithmetic", "seed", 7), _folder.Path);
        Assert.Equal(("sums", 3), (suite.Name, suite.Items.Count));
        Assert.Throws<EvaluationException>(() => SuiteDeclarations.Create(Of("goat-arithmetic", "unheard_of", 1), _folder.Path));
        Assert.Throws<EvaluationException>(() => SuiteDeclarations.Create(Of("unheard-of", "seed", 1), _folder.Path));
    }

    [Fact]
    public void LossCurve_IsWrittenWhole()
    {
        LossCurve.Write(_folder.Path, [1.23456789, 0.5]);
        LossCurve.Write(_folder.Path, [1.23456789]);
        Assert.Equal("[1.234568]", File.ReadAllText(_folder[LossCurve.File]));
        Assert.Single(Directory.EnumerateFiles(_folder.Path));
    }

    public static TheoryData<Exception, FailureKind> Kinds => new()
    {
        { new OperationCanceledException(), FailureKind.Cancelled },
        { new TaskCanceledException(), FailureKind.Cancelled },
        { new NonFiniteException("m", 3, "the loss"), FailureKind.NonFinite },
        { new ExternalException("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), FailureKind.OutOfMemory },
        { new OutOfMemoryException(), FailureKind.OutOfMemory },
        { new ToolException("m"), FailureKind.Data },
        { new DatasetException("m"), FailureKind.Data },
        { new ModelException("m"), FailureKind.Data },
        { new AdapterException("m"), FailureKind.Data },
        { new EvaluationException("m"), FailureKind.Data },
        { new InferenceException("m"), FailureKind.Data },
        { new TrainingException("m"), FailureKind.Data },
        { new TokenizerException("m"), FailureKind.Data },
        { new FileNotFoundException(), FailureKind.Data },
        { new ExternalException("m"), FailureKind.Unknown },
        { new IOException("no number of the system's"), FailureKind.Unknown },
        { FullDisk(), FailureKind.Transient },
        { new TrainingException("the checkpoint cannot be written", new ModelException("m", FullDisk())), FailureKind.Transient },
        { new AdapterException("m", FullDisk()), FailureKind.Transient },
        { new ModelException("m", FullDisk()), FailureKind.Transient },
        { new DatasetException("m", FullDisk()), FailureKind.Transient },
        { new EvaluationException("m", FullDisk()), FailureKind.Transient },
        { new AggregateException(new ModelException("m"), new ModelException("n", FullDisk())), FailureKind.Transient },
        { new IOException("quota exceeded", 122), FailureKind.Transient },
        { new IOException("too many open files", 24), FailureKind.Transient },
        { new IOException("permission", 13), FailureKind.Unknown },
        { new ModelException("m", new IOException("permission", 13)), FailureKind.Data },
        { new ModelException("m", new IOException("cannot be mapped", 12)), FailureKind.OutOfMemory },
        { new AdapterException("m", new OutOfMemoryException()), FailureKind.OutOfMemory },
        { new ExternalException("CUDA error: out of memory"), FailureKind.OutOfMemory },
        { new ExternalException("std::bad_alloc"), FailureKind.OutOfMemory },
        { new SocketException(111), FailureKind.Transient },
        { new HttpRequestException("m"), FailureKind.Transient },
        { new AdapterException("m", new ArgumentException("m", new System.Text.RegularExpressions.RegexMatchTimeoutException("m"))), FailureKind.Data },
        { new HttpRequestException("m", null, System.Net.HttpStatusCode.ServiceUnavailable), FailureKind.Transient },
        { new HttpRequestException("m", null, System.Net.HttpStatusCode.NotFound), FailureKind.Unknown },
        { new TaskCanceledException("m", new TimeoutException()), FailureKind.Transient },
        { new AggregateException(new NonFiniteException("m", 3, "the loss")), FailureKind.NonFinite },
        { new AggregateException(new ModelException("m")), FailureKind.Data },
        { new AggregateException(new ModelException("m"), new ModelException("n")), FailureKind.Unknown },
    };

    /// <summary>The system's own error: a device on which there is never any space.</summary>
    private static IOException FullDisk()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        return Assert.Throws<IOException>(() => full.Write("x"u8));
    }

    [Fact]
    public void Failures_FullDiskUnderTheWriterOfWholeFiles_IsTransient()
    {
        var e = Assert.Throws<IOException>(() => AtomicFile.Write(_folder["losses.json"], _ =>
        {
            // What the system answers where the disk is full, from the device that always is.
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write([1]);
        }));
        Assert.Equal(FailureKind.Transient, Failures.KindOf(e));
        Assert.Contains("losses.json: cannot be written", Failures.Describe(e), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Failures_KindOf(Exception e, FailureKind kind) => Assert.Equal(kind, Failures.KindOf(e));

    [Fact]
    public void Failures_Describe_IsOneLine()
    {
        Assert.Equal("a b", Failures.Describe(new IOException("a\nb\n")));
        Assert.Equal("m", Failures.Describe(new AggregateException(new ModelException("m"))));
        Assert.Equal("cancelled", Failures.Describe(new OperationCanceledException()));
    }

    [Fact]
    public void Places_Model_ThePathFirst_ThenTheHomesModels()
    {
        var folders = new WorkerFolders(_folder["models"], "", "");
        Directory.CreateDirectory(_folder["models/nano"]);
        Directory.CreateDirectory(_folder["elsewhere/nano"]);
        Assert.Equal(_folder["models/nano"], ModelPlaces.Resolve("nano", folders));
        Assert.Equal(_folder["elsewhere/nano"], ModelPlaces.Resolve(_folder["elsewhere/nano"], folders));
        Assert.Contains("no such model", Assert.Throws<ModelException>(() => ModelPlaces.Resolve("none", folders)).Message, StringComparison.Ordinal);
    }

    /// <summary>Every property of the spec's decoding changes what the engine gets: one that is dropped on the way changes nothing.</summary>
    [Fact]
    public void Decodings_EveryProperty_ReachesTheEngine()
    {
        var plain = Engine(new DecodingSpec());
        foreach (var property in typeof(DecodingSpec).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var changed = new DecodingSpec();
            property.SetValue(changed, property.GetValue(changed) switch
            {
                string when property.Name == nameof(DecodingSpec.EarlyStopping) => "never", string => "sample", bool b => !b, int n => n + 1, long n => n + 1, double d => d + 0.5, IReadOnlyList<string> => (object)(string[])["a"],
                IReadOnlyList<double> => (double[])[3, 1.1], IReadOnlyDictionary<string, double> => new Dictionary<string, double> { ["a"] = 2 },
                var other => throw new InvalidOperationException($"{property.Name}: what another {other?.GetType()} is, is not known"),
            });
            Assert.NotEqual(plain, Engine(changed));
        }

        static string Engine(DecodingSpec settings) => JsonSerializer.Serialize(Decodings.Of(settings, new LetterTokenizer()));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("fp32", ScalarType.Float32)]
    [InlineData("bf16", ScalarType.BFloat16)]
    [InlineData("int8", ScalarType.BFloat16, WeightStorage.Int8)]
    [InlineData("llm-int8", ScalarType.BFloat16, WeightStorage.LlmInt8)]
    [InlineData("w8a8", ScalarType.BFloat16, WeightStorage.W8A8)]
    [InlineData("nf4", ScalarType.BFloat16, WeightStorage.Nf4)]
    [InlineData("nf4-single", ScalarType.BFloat16, WeightStorage.Nf4Single)]
    [InlineData("fp4", ScalarType.BFloat16, WeightStorage.Fp4)]
    [InlineData("fp4-single", ScalarType.BFloat16, WeightStorage.Fp4Single)]
    public void Loading_ByName(string? name, ScalarType? type, WeightStorage? storage = null) => Assert.Equal(new LoadOptions(type, null, storage), WorkerState.LoadingOf(name));

    [Fact]
    public void Loading_Unknown_NamesTheKnown() => Assert.Contains("bf16, fp32, int8, llm-int8, w8a8, nf4, nf4-single, fp4, fp4-single", Assert.Throws<ToolException>(() => WorkerState.LoadingOf("int4")).Message, StringComparison.Ordinal);
}
