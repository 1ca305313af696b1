using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Decoding;

namespace AlpacaCot.Models;

/// <summary>
/// Keys and values of the sequences being generated: per sequence and block <c>[capacity, kv heads, head_dim]</c>, preallocated and grown in
/// steps, never by one token. Decode steps of many sequences run as one packed batch whose segments name their sequence.
/// </summary>
public sealed class KvCache : IDisposable
{
    private const int Step = 64;
    private readonly DecoderConfig _config;
    private readonly ScalarType _dtype;
    private readonly Device _device;
    private readonly Dictionary<int, Sequence> _sequences = [];
    private int _next;
    private DecodeBuffers? _buffers;

    /// <summary>Creates an empty cache for a decoder.</summary>
    public KvCache(Decoder decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        (_config, _dtype, _device) = (decoder.Config, decoder.Dtype, decoder.Device);
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _sequences.Values.Sum(s => 2L * _config.Layers * s.Capacity * _config.KeyValueHeads * _config.HeadDim) * _dtype.Size();

    /// <summary>Starts a sequence and returns its number, to be named by <see cref="Segment.Sequence"/>.</summary>
    /// <param name="capacity">Tokens to make room for at once; more are made room for as they come.</param>
    public int Allocate(int capacity = 0)
    {
        var sequence = new Sequence(_config.Layers);
        _sequences.Add(_next, sequence);
        if (capacity > 0) Grow(sequence, capacity);
        return _next++;
    }

    /// <summary>Number of a sequence's own tokens whose keys and values are held; virtual ones in front of them are not counted.</summary>
    public int Length(int sequence) => Find(sequence).Own;

    /// <summary>Forgets the tokens of a sequence from <paramref name="length"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It holds fewer tokens.</exception>
    public void Truncate(int sequence, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length(sequence));
        var held = Find(sequence);
        held.Length = length == 0 ? 0 : held.Prefix.Count + length;
    }

    /// <summary>Starts a sequence that begins with all that another one holds (beams, several answers to one prompt); returns its number.</summary>
    public int Copy(int sequence)
    {
        var copy = Allocate(Find(sequence).Capacity);
        Copy(sequence, Length(sequence), copy);
        return copy;
    }

    /// <summary>Gives an empty sequence what another one begins with: its virtual tokens and its first <paramref name="tokens"/> own ones.</summary>
    /// <exception cref="ArgumentException">The one holds fewer, or the other is not empty.</exception>
    public void Copy(int sequence, int tokens, int empty)
    {
        var (from, to) = (Find(sequence), Find(empty));
        if (tokens > from.Own || to.Length > 0) throw new ArgumentException($"{tokens} of {from.Own} tokens of sequence {sequence} cannot be copied to sequence {empty}, which holds {to.Length}", nameof(tokens));
        var length = tokens == 0 ? 0 : from.Prefix.Count + tokens;
        if (length > to.Capacity) Grow(to, length);
        for (var block = 0; block < _config.Layers && length > 0; block++)
        {
            using var scope = torch.NewDisposeScope();
            to.Keys[block].narrow(0, 0, length).copy_(from.Keys[block].narrow(0, 0, length));
            to.Values[block].narrow(0, 0, length).copy_(from.Values[block].narrow(0, 0, length));
        }
        (to.Length, to.Prefix) = (length, length == 0 ? default : from.Prefix);
    }

    /// <summary>Ends a sequence and gives its memory back.</summary>
    public void Free(int sequence)
    {
        Find(sequence).Dispose();
        _sequences.Remove(sequence);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sequence in _sequences.Values) sequence.Dispose();
        _sequences.Clear();
        _buffers?.Dispose();
        _buffers = null;
    }

    /// <summary>Working memory of decode steps; a cache, like it, has one user at a time.</summary>
    internal DecodeBuffers Buffers => _buffers ??= new DecodeBuffers(_config, _dtype);

    /// <summary>Checks a batch against the cache before anything is computed.</summary>
    internal void Check(SegmentLayout layout)
    {
        if (layout.Shares) throw new ArgumentException("with a cache no segment continues another one: what came before is in the cache", nameof(layout));
        var seen = new HashSet<int>();
        foreach (var segment in layout.Segments)
        {
            var held = Length(segment.Sequence);
            if (!seen.Add(segment.Sequence)) throw new ArgumentException($"sequence {segment.Sequence} occurs twice in one batch", nameof(layout));
            if (held != segment.Position)
                throw new ArgumentException($"segment {segment} begins at position {segment.Position}, but the cache holds {held} tokens of its sequence", nameof(layout));
        }
    }

    /// <summary>Writes the learned keys and values in front of the sequences that begin: they are held as if they were tokens', and asked for once.</summary>
    /// <param name="layout">The segments with their prefixes.</param>
    /// <param name="hooks">The adapters.</param>
    internal void Begin(SegmentLayout layout, IAdapterHooks hooks)
    {
        var beginning = new List<(int Member, Sequence Sequence)>();
        foreach (var segment in layout.Segments)
        {
            var sequence = Find(segment.Sequence);
            if (sequence.Own > 0)
            {
                if (sequence.Prefix != segment.Prefix) throw new ArgumentException($"segment {segment} goes on with another number of virtual tokens than its sequence began with", nameof(layout));
                continue;
            }
            (sequence.Prefix, sequence.Length) = (segment.Prefix, segment.Prefix.Keys);
            if (sequence.Length > sequence.Capacity) Grow(sequence, sequence.Length + segment.Length);
            if (sequence.Length > 0) beginning.Add((segment.Member, sequence));
        }
        foreach (var member in beginning.GroupBy(begun => begun.Member, begun => begun.Sequence))
            for (var block = 0; block < _config.Layers; block++)
            {
                using var scope = torch.NewDisposeScope();
                var (keys, values) = hooks.Extra(block, member.Key);
                foreach (var sequence in member)
                {
                    sequence.Keys[block].narrow(0, 0, sequence.Length).copy_(keys);
                    sequence.Values[block].narrow(0, 0, sequence.Length).copy_(values);
                }
            }
    }

    /// <summary>Writes a segment's keys and values <c>[tokens, kv heads, d]</c> of a block behind what is held; returns all of the sequence's.</summary>
    internal (Tensor Keys, Tensor Values) Append(int block, Segment segment, Tensor keys, Tensor values)
    {
        var sequence = Find(segment.Sequence);
        var end = sequence.Length + segment.Length;
        if (end > sequence.Capacity) Grow(sequence, end);
        sequence.Keys[block].narrow(0, sequence.Length, segment.Length).copy_(keys);
        sequence.Values[block].narrow(0, sequence.Length, segment.Length).copy_(values);
        return (sequence.Keys[block].narrow(0, 0, end), sequence.Values[block].narrow(0, 0, end));
    }

    /// <summary>Writes the keys and values of one token, a row of each, behind what is held; all of the sequence's, where they lie.</summary>
    internal CachedKeyValues Append(int block, Segment segment, Rows keys, Rows values, int row)
    {
        var sequence = Find(segment.Sequence);
        var length = sequence.Length;
        if (length + 1 > sequence.Capacity) Grow(sequence, length + 1);
        keys.CopyRow(row, sequence.Keys[block], length);
        values.CopyRow(row, sequence.Values[block], length);
        return new CachedKeyValues(sequence.Keys[block], sequence.Values[block], length + 1);
    }

    /// <summary>Where the prompt of a sequence ends that is read in both directions.</summary>
    internal PromptBounds? Prompt(int sequence) => Find(sequence).Prompt;

    /// <summary>Keeps where it ends for the tokens that follow.</summary>
    internal void SetPrompt(int sequence, PromptBounds bounds) => Find(sequence).Prompt = bounds;

    /// <summary>Counts a batch's tokens as held, once all blocks have written them.</summary>
    internal void Advance(SegmentLayout layout)
    {
        foreach (var segment in layout.Segments) Find(segment.Sequence).Length += segment.Length;
    }

    private Sequence Find(int sequence)
        => _sequences.GetValueOrDefault(sequence) ?? throw new ArgumentException($"the cache has no sequence {sequence}", nameof(sequence));

    // Doubling keeps the cost of copying constant per token.
    private void Grow(Sequence sequence, int tokens)
    {
        var capacity = (Math.Max(tokens, 2 * sequence.Capacity) + Step - 1) / Step * Step;
        for (var block = 0; block < _config.Layers; block++)
        {
            sequence.Keys[block] = Moved(sequence.Keys[block]);
            sequence.Values[block] = Moved(sequence.Values[block]);
        }
        sequence.Capacity = capacity;

        Tensor Moved(Tensor? old)
        {
            using var scope = torch.NewDisposeScope();
            var grown = torch.empty([capacity, _config.KeyValueHeads, _config.HeadDim], _dtype, _device);
            if (old is not null)
            {
                grown.narrow(0, 0, old.size(0)).copy_(old);
                old.Dispose();
            }
            return grown.DetachFromDisposeScope();
        }
    }

    private sealed class Sequence(int blocks) : IDisposable
    {
        public Tensor[] Keys { get; } = new Tensor[blocks];

        public Tensor[] Values { get; } = new Tensor[blocks];

        public PromptBounds? Prompt { get; set; }

        /// <summary>Tokens that are held, the virtual ones among them.</summary>
        public int Length { get; set; }

        /// <summary>The virtual tokens that it began with.</summary>
        public SegmentPrefix Prefix { get; set; }

        /// <summary>Its own tokens that are held: none while only its prefix is.</summary>
        public int Own => Math.Max(0, Length - Prefix.Count);

        public int Capacity { get; set; }

        public void Dispose()
        {
            foreach (var tensor in Keys.Concat(Values)) tensor?.Dispose();
        }
    }
}
