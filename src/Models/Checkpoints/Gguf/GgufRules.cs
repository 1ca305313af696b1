namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>A tensor to write: its module in the file, its shape, and its values when they are asked for.</summary>
internal sealed record GgufPart(string Module, long[] Shape, Func<Tensor> Value);

/// <summary>One of a family's modules and what a GGUF file has in its place.</summary>
/// <param name="HuggingFace">Hugging Face's name, within a block where it is in one.</param>
/// <param name="Gguf">llama.cpp's names.</param>
internal abstract record GgufRule(string HuggingFace, params string[] Gguf)
{
    /// <summary>Whether models are written so; forms of older files are only read.</summary>
    public virtual bool Writes => true;

    /// <summary>The family's tensor.</summary>
    /// <param name="name">Its whole name.</param>
    /// <param name="parts">The file's, in the order of <see cref="Gguf"/>.</param>
    /// <param name="config">The architecture.</param>
    public virtual StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config) => parts[0].As(name);

    /// <summary>The file's tensors.</summary>
    public virtual IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config) => [new(Gguf[0], value.shape, () => value)];

    /// <summary>Rows 2r and 2r + 1 of a head become rows r and r + n/2.</summary>
    protected static Tensor Halves(Tensor x, int heads) => x.view(heads, x.size(0) / heads / 2, 2, -1).transpose(1, 2).reshape(x.shape);

    /// <summary>Rows r and r + n/2 of a head become neighbours.</summary>
    protected static Tensor Pairs(Tensor x, int heads) => x.view(heads, 2, x.size(0) / heads / 2, -1).transpose(1, 2).reshape(x.shape);
}

/// <summary>The same tensor on both sides.</summary>
internal sealed record SameTensor(string HuggingFace, string Module) : GgufRule(HuggingFace, Module);

/// <summary>Queries or keys, whose rows lie in the file in the order of a rotary embedding over neighbours.</summary>
internal sealed record PairedRows(string HuggingFace, string Module, Func<DecoderConfig, int> Heads) : GgufRule(HuggingFace, Module)
{
    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config) => parts[0].As(name).PairsToHalves(Heads(config));

    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config) => [new(Gguf[0], value.shape, () => Pairs(value, Heads(config)))];
}

/// <summary>A matrix that the family stores as <c>[in, out]</c> and the file as <c>[out, in]</c>.</summary>
internal sealed record TransposedTensor(string HuggingFace, string Module) : GgufRule(HuggingFace, Module)
{
    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config) => parts[0].Shape is [var rows, var columns]
        ? StoredTensor.Computed(name, [columns, rows], parts, values => values[0].t())
        : parts[0].As(name);

    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config)
        => value.dim() == 2 ? [new(Gguf[0], [value.size(1), value.size(0)], () => value.t())] : base.Write(value, config);
}

/// <summary>A norm's factor, which the family stores less one.</summary>
internal sealed record FactorPlusOne(string HuggingFace, string Module) : GgufRule(HuggingFace, Module)
{
    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config)
        => StoredTensor.Computed(name, [.. parts[0].Shape], parts, values => values[0].to(ScalarType.Float32) - 1);

    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config) => [new(Gguf[0], value.shape, () => value.to(ScalarType.Float32) + 1)];
}

/// <summary>A head whose rows count with length one: in the file they have it.</summary>
internal sealed record UnitRows(string HuggingFace, string Module) : GgufRule(HuggingFace, Module)
{
    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config) => config.NormalisedHead ? [new(Gguf[0], value.shape, () => Unit(value.to(ScalarType.Float32)))] : base.Write(value, config);

    private static Tensor Unit(Tensor rows) => rows / rows.norm(1, keepdim: true, p: 2).clamp_min(1e-12);
}

/// <summary>Queries, keys and values in one projection: a group for each head in the family's, in a row in the file's.</summary>
internal sealed record RegroupedRows(string HuggingFace, string Module) : GgufRule(HuggingFace, Module)
{
    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config) => parts[0].Shape.Count > 0 && parts[0].Shape[0] == 3L * config.Heads * config.HeadDim
        ? StoredTensor.Computed(name, [.. parts[0].Shape], parts, values => values[0].view(3, config.Heads, config.HeadDim, -1).transpose(0, 1).reshape(values[0].shape))
        : parts[0].As(name);

    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config)
        => [new(Gguf[0], value.shape, () => value.view(config.Heads, 3, config.HeadDim, -1).transpose(0, 1).reshape(value.shape))];
}

/// <summary>Queries, keys and values in one projection of the family, in groups, and in three of the file, those of queries and keys in the order of neighbours.</summary>
internal sealed record SplitRows(string HuggingFace, Func<DecoderConfig, int> Groups) : GgufRule(HuggingFace, "attn_q", "attn_k", "attn_v")
{
    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config)
    {
        foreach (var (part, heads) in parts.Zip(HeadsOf(config)))
            if (part.Shape.Count != parts[0].Shape.Count || part.Shape[0] != (long)heads * config.HeadDim || (part.Shape.Count == 2 && part.Shape[1] != parts[0].Shape[1]))
                throw new ModelException($"{part.Path}: {part.Name} is [{string.Join(", ", part.Shape)}]; {(long)heads * config.HeadDim} rows, as wide as those of {parts[0].Name}, are expected");
        long[] shape = [parts.Sum(part => part.Shape[0]), .. parts[0].Shape.Skip(1)];
        return StoredTensor.Computed(name, shape, parts, values =>
        {
            var groups = Groups(config);
            var heads = HeadsOf(config);
            var ordered = values.Select((value, i) => (i < 2 ? Halves(value, heads[i]) : value).reshape(groups, heads[i] / groups, config.HeadDim, -1));
            return torch.cat([.. ordered], 1).reshape(shape);
        });
    }

    public override IReadOnlyList<GgufPart> Write(Tensor value, DecoderConfig config)
    {
        var (groups, heads, at, parts) = (Groups(config), HeadsOf(config), 0, new List<GgufPart>());
        for (var i = 0; i < heads.Length; i++)
        {
            var (count, first, number, paired) = (heads[i] / groups, at, heads[i], i < 2);
            long[] shape = [(long)number * config.HeadDim, .. value.shape.Skip(1)];
            parts.Add(new(Gguf[i], shape, () =>
            {
                var rows = value.view(groups, -1, config.HeadDim, value.dim() == 2 ? value.size(1) : 1).narrow(1, first, count).reshape(shape);
                return paired ? Pairs(rows, number) : rows;
            }));
            at += count;
        }
        return parts;
    }

    private static int[] HeadsOf(DecoderConfig config) => [config.Heads, config.KeyValueHeads, config.KeyValueHeads];
}

/// <summary>One of three projections of the family that older files have in one, in a row.</summary>
/// <param name="HuggingFace">Hugging Face's name.</param>
/// <param name="Part">0 for queries, 1 for keys, 2 for values.</param>
internal sealed record RowsOfFused(string HuggingFace, int Part) : GgufRule(HuggingFace, "attn_qkv")
{
    public override bool Writes => false;

    public override StoredTensor Read(string name, StoredTensor[] parts, DecoderConfig config)
    {
        long queries = (long)config.Heads * config.HeadDim, keys = (long)config.KeyValueHeads * config.HeadDim;
        if (parts[0].Shape.Count == 0 || parts[0].Shape[0] != queries + 2 * keys) return parts[0].As(name);
        var (first, count) = Part == 0 ? (0L, queries) : (queries + (Part - 1) * keys, keys);
        return StoredTensor.Computed(name, [count, .. parts[0].Shape.Skip(1)], parts, values => values[0].narrow(0, first, count).clone());
    }
}
