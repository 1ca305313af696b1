using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Families;

/// <summary>How a fresh parameter is drawn.</summary>
internal enum Initialisation
{
    /// <summary>Normal with the configuration's <c>initializer_range</c>.</summary>
    Normal,

    /// <summary>All ones: the weights of norms.</summary>
    Ones,

    /// <summary>All zeros: biases.</summary>
    Zeros,
}

/// <summary>Where a decoder's parameters come from: a checkpoint, or a generator.</summary>
internal interface IParameterSource
{
    /// <summary>
    /// The parameter of a name, with the name it goes by in the file; contiguous and outside any dispose scope. A source that lacks it takes
    /// note and returns null: all that is wrong is reported together.
    /// </summary>
    (string Name, Tensor Value)? Take(string name, long[] shape, Initialisation initialisation);

    /// <summary>Where the parameters shall live.</summary>
    Device Device { get; }

    /// <summary>A weight in fewer bits as the files hold it; null where they do not, or where it is wanted otherwise.</summary>
    QuantisedWeight? TakeHeld(string name, long[] shape) => null;

    /// <summary>Whether the files hold a weight in fewer bits, and thus as <c>[out, in]</c> whatever the family does.</summary>
    bool IsHeld(string name) => false;
}

/// <summary>
/// Makes blocks over parameters by name while a family puts its decoder together; collects the parameters and the projection sites.
/// </summary>
internal sealed class ParameterBuilder(IParameterSource source, WeightStorage storage = WeightStorage.Plain) : IDisposable
{
    private readonly Dictionary<string, Tensor> _parameters = new(StringComparer.Ordinal);
    private readonly List<ProjectionSite> _sites = [];
    private readonly List<NormSite> _norms = [];
    private readonly List<Projection> _projections = [];
    private readonly List<Tensor> _absent = [];
    private WeightStorage? _held;

    /// <summary>The parameters by their name in the file, in the order they were asked for.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters;

    /// <summary>How the weights of the blocks' projections are held.</summary>
    public WeightStorage Storage => _held ?? storage;

    /// <summary>The projections inside the blocks.</summary>
    public IReadOnlyList<ProjectionSite> Sites => _sites;

    /// <summary>The norms.</summary>
    public IReadOnlyList<NormSite> Norms => _norms;

    /// <summary>Module path of the token embedding.</summary>
    public string EmbeddingPath { get; private set; } = "";

    /// <summary>Module path of the head, which has one even where it is tied.</summary>
    public string HeadPath { get; private set; } = "";

    /// <summary>The token embedding.</summary>
    public Embedding Embedding(string path, DecoderConfig config)
    {
        EmbeddingPath = path;
        return new Embedding(Table(path, config.VocabularySize, config.EmbeddingSize ?? config.HiddenSize), config.PaddingRow);
    }

    /// <summary>A table of rows, as learned positions are.</summary>
    public Tensor Table(string path, int rows, int width) => Take($"{path}.weight", [rows, width], Initialisation.Normal);

    /// <summary>A norm by the root mean square; <paramref name="plusOne"/> where the factor is stored less one.</summary>
    public RmsNorm RmsNorm(string path, int width, double epsilon, bool plusOne = false)
        => Listed(new RmsNorm(path, Take($"{path}.weight", [width], plusOne ? Initialisation.Zeros : Initialisation.Ones), epsilon, plusOne));

    public LayerNorm LayerNorm(string path, int width, double epsilon)
        => Listed(new LayerNorm(path, Take($"{path}.weight", [width], Initialisation.Ones), Take($"{path}.bias", [width], Initialisation.Zeros), epsilon));

    /// <summary>The blocks of a configuration under <paramref name="path"/> and a number each.</summary>
    public IReadOnlyList<DecoderBlock> Blocks(DecoderConfig config, string path, Func<BlockBuilder, DecoderBlock> block)
        => [.. Enumerable.Range(0, config.Layers).Select(i => block(new BlockBuilder(this, config, i, $"{path}.{i}.")))];

    /// <summary>The head: a projection of its own, or the embedding.</summary>
    public Projection Head(DecoderConfig config, Embedding embedding, string path, bool bias = false)
    {
        HeadPath = path;
        var (rows, width) = (config.VocabularySize, config.EmbeddingSize ?? config.HiddenSize);
        if (config.NormalisedHead)
        {
            var head = new NormalisedProjection(config.TieWordEmbeddings ? embedding.Weight : Take($"{path}.weight", [rows, width], Initialisation.Normal));
            _projections.Add(head);
            return head;
        }
        if (!config.TieWordEmbeddings) return Projection(path, width, rows, bias);
        return Dense(embedding.Weight, bias ? Take($"{path}.bias", [rows], Initialisation.Zeros) : null);
    }

    /// <summary>A head of its own in place of one that is the embedding.</summary>
    public Projection Untied(Embedding embedding, Tensor? bias)
    {
        var weight = embedding.Weight.clone().DetachFromDisposeScope();
        _parameters.Add($"{HeadPath}.weight", weight);
        return Dense(weight, bias);
    }

    public Projection Projection(string path, int input, int output, bool bias) => Dense(
        Take($"{path}.weight", [output, input], Initialisation.Normal),
        bias ? Take($"{path}.bias", [output], Initialisation.Zeros) : null);

    /// <summary>A named projection of a block, where adapters can act.</summary>
    public ProjectionSite Site(int block, string path, int input, int output, bool bias) => Named(
        block, path, Held(path, input, output, bias)
            ?? (storage == WeightStorage.Plain || block == ProjectionSite.Outside ? Projection(path, input, output, bias) : Quantised(path, input, output, bias)));

    /// <summary>A named projection whose weight is stored as <c>[in, out]</c>, with a bias.</summary>
    public ProjectionSite Conv1dSite(int block, string path, int input, int output)
    {
        if (Held(path, input, output, bias: true) is { } held) return Named(block, path, held);
        if (source.IsHeld($"{path}.weight")) throw new ModelException($"{path}.weight lies the other way round in this family: held in fewer bits it is read as it is stored alone, without a type or another form");
        if (storage != WeightStorage.Plain) return Named(block, path, Quantised(path, input, output, bias: true, transposed: true));
        var projection = new Conv1dProjection(Take($"{path}.weight", [input, output], Initialisation.Normal), Take($"{path}.bias", [output], Initialisation.Zeros));
        _projections.Add(projection);
        return Named(block, path, projection);
    }

    public void Dispose()
    {
        foreach (var projection in _projections) projection.Dispose();
        foreach (var tensor in _parameters.Values.Concat(_absent)) tensor.Dispose();
    }

    // The weight is let go of as soon as its codes are there, so that one at a time is held whole.
    private Projection Quantised(string path, int input, int output, bool bias, bool transposed = false)
    {
        var weight = source.Take($"{path}.weight", transposed ? [input, output] : [output, input], Initialisation.Normal);
        var added = bias ? Take($"{path}.bias", [output], Initialisation.Zeros) : null;
        if (weight is not { Value: { } value }) return Dense(Absent(), added);
        using (value) return Kept(QuantisedWeight.Of(transposed ? value.t() : value, storage), added, value.device);
    }

    private QuantisedProjection? Held(string path, int input, int output, bool bias)
    {
        if (source.TakeHeld($"{path}.weight", [output, input]) is not { } weight) return null;
        _held = weight.Storage;
        return Kept(weight, bias ? Take($"{path}.bias", [output], Initialisation.Zeros) : null, source.Device);
    }

    private QuantisedProjection Kept(QuantisedWeight weight, Tensor? bias, Device device)
    {
        var projection = new QuantisedProjection(weight, bias, device);
        _projections.Add(projection);
        return projection;
    }

    private T Listed<T>(T norm)
        where T : NormSite
    {
        _norms.Add(norm);
        return norm;
    }

    private ProjectionSite Named(int block, string path, Projection projection)
    {
        var site = new ProjectionSite(block, path[(path.LastIndexOf('.') + 1)..], path, projection);
        _sites.Add(site);
        return site;
    }

    private DenseProjection Dense(Tensor weight, Tensor? bias)
    {
        var projection = new DenseProjection(weight, bias);
        _projections.Add(projection);
        return projection;
    }

    private Tensor Take(string name, long[] shape, Initialisation initialisation)
    {
        if (source.Take(name, shape, initialisation) is not { } found) return Absent();
        _parameters.Add(found.Name, found.Value);
        return found.Value;
    }

    // Never computed with: the source reports the absence.
    private Tensor Absent()
    {
        var placeholder = torch.empty([0]).DetachFromDisposeScope();
        _absent.Add(placeholder);
        return placeholder;
    }
}
