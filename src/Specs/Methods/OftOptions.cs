namespace AlpacaCot.Specs.Methods;

/// <summary>OFT (Qiu et al. 2023, arXiv:2306.07280): blocks of a projection's input are turned by learned rotations.</summary>
public static class OftOptions
{
    /// <summary>Number of blocks.</summary>
    public static MethodOption R { get; } = new("r", OptionKind.Integer, 0, "Blocks of an input; in place of oft_block_size") { Max = 1_048_576 };

    /// <summary>Size of a block.</summary>
    public static MethodOption BlockSize { get; } = new("oft_block_size", OptionKind.Integer, null, "Inputs of a block, brought to the nearest size that divides the width (32); or give r") { Aliases = ["block_size"], Max = 1_048_576, AbsentInFile = 32 };

    /// <summary>Projections whose input is turned.</summary>
    public static MethodOption Targets => LoraOptions.Targets;

    /// <summary>Series or inverse.</summary>
    public static MethodOption UseSeries { get; } = new("use_cayley_neumann", OptionKind.Flag, true, "A series in place of the exact inverse: faster, and orthogonal only for small turns");

    /// <summary>Terms of the series.</summary>
    public static MethodOption Terms { get; } = new("num_cayley_neumann_terms", OptionKind.Integer, 5, "Terms of the series") { Min = 1, Max = 100 };

    /// <summary>How it starts.</summary>
    public static MethodOption Init { get; } = new("init_weights", OptionKind.Flag, true, "Whether it starts as the base; from random turns otherwise");

    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "oft", "OFT", 4e-4, "the rate of the OFTv2 paper on LLaMA-2-7B",
        [R, BlockSize, Targets, LoraOptions.Exclude, LoraOptions.Layers, LoraOptions.LayersPattern, UseSeries, Terms, Init, OwnWeightsOptions.Biases("oft_only"), OwnWeightsOptions.ModulesToSave])
    {
        Size = (method, model) => AdapterSize.Chosen(method, model).Sum(target =>
        {
            var (blocks, size) = Sizes(method);
            var block = BlockOf(target.In, blocks, size);
            return (long)target.In / block * (block * (block - 1L) / 2);
        }),
        Faults = (method, _) => Sizes(method) is { Blocks: > 0, Size: > 0 } or { Blocks: 0, Size: 0 } ? [("r", "r and oft_block_size exclude each other: give one of them")] : [],
        NotBuilt =
        [
            new("block_share", false, "one rotation for all blocks"), new("coft", false, "constrained rotations"), new("module_dropout", 0.0, "dropout of whole modules"),
        ],
    };

    /// <summary>The size of a block that is left out beside so many blocks.</summary>
    public static int SizeBeside(int blocks) => blocks > 0 ? 0 : (int)BlockSize.FileDefault!;

    /// <summary>The inputs of a block at a width: that many, or so many blocks, brought to the nearest number that divides the width, the smaller of two.</summary>
    public static int BlockOf(int width, int blocks, int size)
    {
        if (size > 0) return Divisor(width, size);
        return width / Divisor(width, Math.Max(1, blocks));
    }

    private static (int Blocks, int Size) Sizes(MethodSpec method)
    {
        var blocks = AdapterSize.Integer(method, R);
        return (blocks, method.Options.TryGetValue(BlockSize.Name, out var size) ? size.GetInt32() : SizeBeside(blocks));
    }

    private static int Divisor(int width, int wanted)
    {
        if (wanted >= width) return width;
        int higher = wanted, lower = wanted;
        while (width % higher != 0) higher++;
        while (width % lower != 0) lower--;
        return wanted - lower <= higher - wanted ? lower : higher;
    }
}
