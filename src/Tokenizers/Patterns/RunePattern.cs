using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>
/// A backtracking regular expression over code points. The framework's engine works on UTF-16 units, where <c>\p{L}</c> never matches a letter beyond
/// the basic plane and <c>[^\s\p{L}\p{N}]</c> matches its halves; ids would then differ from the reference. A pattern comes with a model: how large its
/// program is and how long it may run over a text are bounded.
/// </summary>
internal sealed class RunePattern : ISplitPattern
{
    /// <summary>Most steps of a program; published patterns have fewer than 200. Repetitions with counts are written out, those inside one another multiply.</summary>
    public const int MostProgramSteps = 10_000;

    /// <summary>Steps that may be run for each character of a text, all matches together; published patterns need fewer than 30.</summary>
    public const int MostStepsACharacter = 1000;

    /// <summary>Steps that may be run for a text of any length.</summary>
    private const int FreeSteps = 4096;

    /// <summary>Most ways that may be left to try, 12 bytes each.</summary>
    private const int MostFrames = 1 << 23;

    // Texts on which repetitions inside repetitions show, so that a pattern without end is refused with its file and not in the middle of a text.
    private static readonly string[] _probes = [new string('a', 40) + "?", new string(' ', 40) + "a", new string('1', 40) + "a", new string('.', 40) + "a"];

    private readonly List<Step> _program = [];
    private readonly string _pattern;
    private int _compiled;

    [ThreadStatic]
    private static Frame[]? _frames;

    // A text is looked through from its beginning on, so that a match there begins the count anew.
    [ThreadStatic]
    private static long _steps;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="UnsupportedTokenizerException">It uses what this engine does not know, or asks for too much.</exception>
    public RunePattern(string pattern)
    {
        _pattern = pattern;
        Compile(PatternParser.Parse(pattern));
        Add(new Step(Op.Match));
        foreach (var probe in _probes)
            for (var from = 0; Find(probe, from, out _, out var end) && end < probe.Length;) from = Math.Max(end, from + 1);
    }

    /// <inheritdoc/>
    /// <exception cref="TokenizerException">It takes too many steps.</exception>
    public bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end)
    {
        var steps = from == 0 ? 0 : _steps;
        for (begin = from; begin <= text.Length; begin++)
        {
            if (begin > 0 && begin < text.Length && char.IsLowSurrogate(text[begin])) continue;
            end = Run(text, begin, 0, 0, ref steps);
            if (end < 0) continue;
            _steps = steps;
            return true;
        }
        _steps = steps;
        (begin, end) = (-1, -1);
        return false;
    }

    private enum Op { Match, One, Loop, Fork, Jump, Anchor, Look, Atomic }

    /// <summary>
    /// Fork tries A, then B; Loop repeats Set A to B times; Look and Atomic have their body from the next step to the Match before A, and Look looks B − 1
    /// units back, or ahead where B is 0.
    /// </summary>
    private readonly record struct Step(Op Op, int A = 0, int B = 0, CodePointSet? Set = null, bool Flag = false);

    /// <summary>Where to go on when a way fails. Low ≥ 0: a loop that gives back one code point at a time, down to Low.</summary>
    private record struct Frame(int Step, int At, int Low);

    private int Run(ReadOnlySpan<char> text, int at, int step, int bottom, ref long steps)
    {
        var frames = _frames ??= new Frame[64];
        var top = bottom;
        var most = FreeSteps + (long)MostStepsACharacter * text.Length;
        while (true)
        {
            if (++steps > most) throw TooSlow(text.Length);
            var now = _program[step];
            var failed = false;
            switch (now.Op)
            {
                case Op.Match: return at;
                case Op.Jump: step = now.A; break;
                case Op.One:
                    var length = 0;
                    failed = at >= text.Length || !Contains(now.Set!, text, at, out length, ref steps);
                    at += length;
                    step++;
                    break;
                case Op.Loop:
                    var (low, count) = (now.A == 0 ? at : -1, 0);
                    while (count != now.B && at < text.Length && Contains(now.Set!, text, at, out length, ref steps))
                    {
                        at += length;
                        if (++count == now.A) low = at;
                    }
                    failed = low < 0;
                    step++;
                    if (!failed && !now.Flag && at > low) Push(ref frames, ref top, new Frame(step, at, low));
                    break;
                case Op.Fork:
                    Push(ref frames, ref top, new Frame(now.B, at, -1));
                    step = now.A;
                    break;
                case Op.Anchor:
                    failed = !Holds((AnchorKind)now.A, text, at);
                    step++;
                    break;
                case Op.Look:
                    failed = (now.B == 0 ? Run(text, at, step + 1, top, ref steps) >= 0 : Behind(text, at, now.B - 1, step + 1, top, ref steps)) == now.Flag;
                    frames = _frames!;
                    step = now.A;
                    break;
                case Op.Atomic:
                    at = Run(text, at, step + 1, top, ref steps);
                    frames = _frames!;
                    failed = at < 0;
                    step = now.A;
                    break;
            }
            if (!failed) continue;
            if (top == bottom) return -1;
            ref var frame = ref frames[top - 1];
            step = frame.Step;
            if (frame.Low < 0)
            {
                at = frame.At;
                top--;
                continue;
            }
            frame.At -= char.IsLowSurrogate(text[frame.At - 1]) && frame.At - 1 > frame.Low ? 2 : 1;
            at = frame.At;
            if (at <= frame.Low) top--;
        }
    }

    private bool Behind(ReadOnlySpan<char> text, int at, int furthest, int step, int bottom, ref long steps)
    {
        for (var begin = at; begin >= 0 && at - begin <= furthest; begin--)
        {
            if (begin < text.Length && begin > 0 && char.IsLowSurrogate(text[begin])) continue;
            if (Run(text[..at], begin, step, bottom, ref steps) == at) return true;
        }
        return false;
    }

    private static bool Contains(CodePointSet set, ReadOnlySpan<char> text, int at, out int length, ref long steps)
    {
        var point = Utf16.CodePoint(text, at, out length);
        steps += set.Cost(point);
        return set.Contains(point);
    }

    private TokenizerException TooSlow(int length)
    {
        _steps = 0;
        return new TokenizerException($"the pattern {PatternParser.Shown(_pattern)} takes more than {MostStepsACharacter} steps a character on a text of {length}: repetitions inside repetitions do that");
    }

    private static void Push(ref Frame[] frames, ref int top, Frame frame)
    {
        if (top == frames.Length)
        {
            if (top >= MostFrames) throw new TokenizerException("a pattern leaves too many ways to try on a text of this length");
            Array.Resize(ref frames, 2 * top);
            _frames = frames;
        }
        frames[top++] = frame;
    }

    private static bool Holds(AnchorKind kind, ReadOnlySpan<char> text, int at) => kind switch
    {
        AnchorKind.TextBegin => at == 0,
        AnchorKind.TextEnd => at == text.Length,
        AnchorKind.TextEndOrLast => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
        AnchorKind.LineBegin => at == 0 || (text[at - 1] == '\n' && at < text.Length),
        AnchorKind.LineEnd => at == text.Length || text[at] == '\n',
        _ => (WordBefore(text, at) != WordAfter(text, at)) == (kind == AnchorKind.WordBoundary),
    };

    private static bool WordBefore(ReadOnlySpan<char> text, int at) => at > 0 && CharClass.IsWord(Utf16.CodePointBefore(text, at, out _));

    private static bool WordAfter(ReadOnlySpan<char> text, int at) => at < text.Length && CharClass.IsWord(Utf16.CodePoint(text, at, out _));

    private void Add(Step step)
    {
        if (_program.Count >= MostProgramSteps) throw TooLarge();
        _program.Add(step);
    }

    private UnsupportedTokenizerException TooLarge()
        => new($"the pattern {PatternParser.Shown(_pattern)} (its repetitions multiply to more than {MostProgramSteps} steps)", "repetitions whose product is small");

    private void Compile(PatternNode node)
    {
        // Counted as well as the program: a repetition of nothing makes no steps, however often it is written out.
        if (++_compiled > 4 * MostProgramSteps) throw TooLarge();
        switch (node)
        {
            case PatternNode.One one: Add(new Step(Op.One, Set: one.Set)); break;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts) Compile(part);
                break;
            case PatternNode.Choice choice:
                var ends = new List<int>();
                foreach (var option in choice.Options.SkipLast(1))
                {
                    var fork = Reserve();
                    Compile(option);
                    ends.Add(Reserve());
                    _program[fork] = new Step(Op.Fork, fork + 1, _program.Count);
                }
                Compile(choice.Options[^1]);
                foreach (var end in ends) _program[end] = new Step(Op.Jump, _program.Count);
                break;
            case PatternNode.Anchor anchor: Add(new Step(Op.Anchor, (int)anchor.Kind)); break;
            case PatternNode.Look look:
                // A code point has at most two units. What may be of any length is looked for in all that stands before.
                var back = !look.Behind ? 0 : look.Body.MostCodePoints is { } points ? 2 * points + 1 : int.MaxValue;
                Body(look.Body, end => new Step(Op.Look, end, back, Flag: look.Negative));
                break;
            case PatternNode.Atomic atomic:
                Body(atomic.Body, end => new Step(Op.Atomic, end));
                break;
            case PatternNode.Repeat { Kind: RepeatKind.Possessive, Body: not PatternNode.One } repeat:
                Compile(new PatternNode.Atomic(repeat with { Kind = RepeatKind.Greedy }));
                break;
            case PatternNode.Repeat repeat: Repeat(repeat); break;
        }
    }

    private void Repeat(PatternNode.Repeat repeat)
    {
        if (repeat.Body is PatternNode.One one && repeat.Kind != RepeatKind.Lazy)
        {
            Add(new Step(Op.Loop, repeat.Min, repeat.Max, one.Set, Flag: repeat.Kind == RepeatKind.Possessive));
            return;
        }
        if (repeat.Max < 0 && repeat.Body.CanBeEmpty)
            throw new UnsupportedTokenizerException(
                $"the pattern {PatternParser.Shown(_pattern)} (a repetition without end of something that may be empty)", "repetitions whose body matches at least one character");
        for (var i = 0; i < repeat.Min; i++) Compile(repeat.Body);
        var forks = new List<int>();
        for (var i = repeat.Min; i < repeat.Max || (repeat.Max < 0 && i == repeat.Min); i++)
        {
            forks.Add(Reserve());
            Compile(repeat.Body);
        }
        if (repeat.Max < 0) Add(new Step(Op.Jump, forks[0]));
        foreach (var fork in forks)
            _program[fork] = repeat.Kind == RepeatKind.Lazy ? new Step(Op.Fork, _program.Count, fork + 1) : new Step(Op.Fork, fork + 1, _program.Count);
    }

    private void Body(PatternNode body, Func<int, Step> step)
    {
        var at = Reserve();
        Compile(body);
        Add(new Step(Op.Match));
        _program[at] = step(_program.Count);
    }

    private int Reserve()
    {
        Add(default);
        return _program.Count - 1;
    }
}
