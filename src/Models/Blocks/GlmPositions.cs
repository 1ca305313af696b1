using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Positions and mask of ChatGLM-6B. A sequence is a prompt that holds a mask token, then <c>bos</c> and the answer: every token sees the whole prompt, and
/// the answer what came before. With c the index of bos and m that of the mask token, the first position runs over the prompt and stays at m behind it;
/// the second is 0 in the prompt and counts from 1 behind it. Each turns one half of every head, in halves. In the form with one position that is the
/// first, which counts on behind <c>[gMASK]</c>.
/// </summary>
internal sealed class GlmPositions : PositionKind
{
    private readonly bool _twoDimensional;
    private readonly GlmTokens _tokens;
    private readonly float[] _frequencies;

    /// <param name="twoDimensional">Whether there are two positions (<c>position_encoding_2d</c>).</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="tokens">The ids that say where the prompt ends.</param>
    public GlmPositions(bool twoDimensional, int headDim, GlmTokens tokens)
    {
        (_twoDimensional, _tokens) = (twoDimensional, tokens);
        var width = twoDimensional ? headDim / 2 : headDim;
        // The reference holds the frequencies in half precision, whatever it computes in.
        _frequencies = Array.ConvertAll(RotaryFrequencies.Compute(new RotarySettings(), width, 0), frequency => (float)(Half)frequency);
    }

    /// <inheritdoc/>
    public override PositionStep Prepare(PositionContext context)
    {
        var (tokens, half) = (context.Layout.Tokens, _frequencies.Length);
        var prefixes = new int[context.Layout.Segments.Count];
        var tables = new Angles[_twoDimensional ? 2 : 1];
        for (var i = 0; i < tables.Length; i++) tables[i] = new Angles(tokens, half);
        var bounds = PromptBounds(context);
        for (var s = 0; s < prefixes.Length; s++)
        {
            var (segment, (prompt, mask, counts)) = (context.Layout.Segments[s], bounds[s]);
            prefixes[s] = prompt;
            for (var i = 0; i < segment.Length; i++)
            {
                var position = segment.Position - segment.Prefix.Keys + i;   // learned keys take up none: positions follow from the ids
                var first = position < prompt || (!_twoDimensional && counts) ? position : mask;
                tables[0].Fill(segment.Start + i, first, _frequencies);
                if (_twoDimensional) tables[1].Fill(segment.Start + i, Math.Max(0, position - prompt + 1), _frequencies);
            }
        }
        return new Step([.. tables.Select(table => table.ToTensors(context.Device))], prefixes);
    }

    private PromptBounds[] PromptBounds(PositionContext context)
    {
        var ids = context.Ids.cpu().ToArray<long>();
        var bounds = new PromptBounds[context.Layout.Segments.Count];
        for (var s = 0; s < bounds.Length; s++)
        {
            var (asked, segment) = (context.Asked.Segments[s], context.Layout.Segments[s]);
            if (asked.Position > 0)
            {
                bounds[s] = context.Cache?.Prompt(segment.Sequence)
                    ?? throw new ArgumentException("a sequence whose prompt is read in both directions can neither continue another one nor begin in its middle without a cache");
                continue;
            }
            // Virtual tokens in front move the prompt's end.
            bounds[s] = _tokens.Find(ids.AsSpan(asked.Start, asked.Length)).Shift(segment.Length - asked.Length);
            context.Cache?.SetPrompt(segment.Sequence, bounds[s]);
        }
        return bounds;
    }

    private sealed class Angles(int tokens, int half)
    {
        private readonly float[] _cos = new float[tokens * half], _sin = new float[tokens * half];

        public void Fill(int token, int position, float[] frequencies)
        {
            for (var i = 0; i < half; i++) (_cos[token * half + i], _sin[token * half + i]) = (MathF.Cos(position * frequencies[i]), MathF.Sin(position * frequencies[i]));
        }

        public (Tensor Cos, Tensor Sin) ToTensors(Device device) => (torch.tensor(_cos, [tokens, half]).On(device), torch.tensor(_sin, [tokens, half]).On(device));
    }

    private sealed class Step((Tensor Cos, Tensor Sin)[] angles, int[] prefixes) : PositionStep
    {
        public override int[] Prefixes => prefixes;

        public override Tensor Rotate(Tensor x)
        {
            if (angles.Length == 1) return Functional.Rotary(x, angles[0].Cos, angles[0].Sin);
            var width = x.size(2) / 2;
            return torch.cat([.. angles.Select((table, i) => Functional.Rotary(x.narrow(2, i * width, width), table.Cos, table.Sin))], 2);
        }

        public override PositionStep Select(int[] tokens)
            => new Step(Array.ConvertAll(angles, table => (Functional.SelectRows(table.Cos, tokens), Functional.SelectRows(table.Sin, tokens))), prefixes);
    }
}

/// <summary>Where a prompt that is read in both directions ends.</summary>
/// <param name="Length">Its tokens: the index of bos.</param>
/// <param name="Mask">Index of the mask token, whose position the answer takes.</param>
/// <param name="CountsOn">Whether a single position counts on behind the prompt instead.</param>
internal readonly record struct PromptBounds(int Length, int Mask, bool CountsOn)
{
    /// <summary>The same behind so many more tokens.</summary>
    public PromptBounds Shift(int tokens) => this with { Length = Length + tokens, Mask = Mask + tokens };
}

/// <summary>The ids that mark a prompt's end in ChatGLM-6B.</summary>
internal sealed record GlmTokens(int Bos, int Mask, int GenerationMask)
{
    /// <summary>Finds the prompt of a whole sequence.</summary>
    /// <exception cref="ModelException">There is no bos, or no mask token.</exception>
    public PromptBounds Find(ReadOnlySpan<long> ids)
    {
        var (bos, generation, mask) = (ids.IndexOf(Bos), ids.IndexOf(GenerationMask), ids.IndexOf(Mask));
        if (bos < 0) throw new ModelException($"a sequence of this model needs the token {Bos} (bos) where its answer begins; it has none");
        if (generation < 0 && mask < 0) throw new ModelException($"a sequence of this model needs a mask token, {GenerationMask} ([gMASK]) or {Mask} ([MASK]), in its prompt; it has none");
        return new PromptBounds(bos, generation >= 0 ? generation : mask, generation >= 0);
    }
}
