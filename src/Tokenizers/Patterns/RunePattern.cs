using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>
/// A backtracking regular expression over code points. The framework's engine works on UTF-16 units, where <c>\p{L}</c> never matches a letter beyond
/// the basic plane and <c>[^\s\p{L}\p{N}]</c> matches its halves; ids would then differ from the reference.
/// </summary>
internal sealed class RunePattern : ISplitPattern
{
    private readonly List<Step> _program = [];

    [ThreadStatic]
    private static Frame[]? _frames;

    public RunePattern(string pattern)
    {
        Compile(PatternParser.Parse(pattern), pattern);
        _program.Add(new Step(Op.Match));
    }

    public bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end)
    {
        for (begin = from; begin <= text.Length; begin++)
        {
            if (begin > 0 && begin < text.Length && char.IsLowSurrogate(text[begin])) continue;
            end = Run(text, begin, 0, 0);
            if (end >= 0) return true;
        }
        (begin, end) = (-1, -1);
        return false;
    }

    private enum Op { Match, One, Loop, Fork, Jump, Anchor, Look, Atomic }

    /// <summary>Fork tries A, then B; Loop repeats Set A to B times; Look and Atomic have their body from the next step to the Match before A.</summary>
    private readonly record struct Step(Op Op, int A = 0, int B = 0, CodePointSet? Set = null, bool Flag = false);

    /// <summary>Where to go on when a way fails. Low ≥ 0: a loop that gives back one code point at a time, down to Low.</summary>
    private record struct Frame(int Step, int At, int Low);

    private int Run(ReadOnlySpan<char> text, int at, int step, int bottom)
    {
        var frames = _frames ??= new Frame[64];
        var top = bottom;
        while (true)
        {
            var now = _program[step];
            var failed = false;
            switch (now.Op)
            {
                case Op.Match: return at;
                case Op.Jump: step = now.A; break;
                case Op.One:
                    if (at < text.Length && now.Set!.Contains(Utf16.CodePoint(text, at, out var length)))
                    {
                        at += length;
                        step++;
                    }
                    else failed = true;
                    break;
                case Op.Loop:
                    var (low, count) = (now.A == 0 ? at : -1, 0);
                    while (count != now.B && at < text.Length && now.Set!.Contains(Utf16.CodePoint(text, at, out length)))
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
                    failed = (now.B == 0 ? Run(text, at, step + 1, top) >= 0 : Behind(text, at, step + 1, top)) == now.Flag;
                    frames = _frames!;
                    step = now.A;
                    break;
                case Op.Atomic:
                    at = Run(text, at, step + 1, top);
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

    private bool Behind(ReadOnlySpan<char> text, int at, int step, int bottom)
    {
        for (var begin = at; begin >= 0; begin--)
        {
            if (begin < text.Length && begin > 0 && char.IsLowSurrogate(text[begin])) continue;
            if (Run(text[..at], begin, step, bottom) == at) return true;
        }
        return false;
    }

    private static void Push(ref Frame[] frames, ref int top, Frame frame)
    {
        if (top == frames.Length)
        {
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

    private void Compile(PatternNode node, string pattern)
    {
        switch (node)
        {
            case PatternNode.One one: _program.Add(new Step(Op.One, Set: one.Set)); break;
            case PatternNode.Sequence sequence:
                foreach (var part in sequence.Parts) Compile(part, pattern);
                break;
            case PatternNode.Choice choice:
                var ends = new List<int>();
                foreach (var option in choice.Options.SkipLast(1))
                {
                    var fork = Reserve();
                    Compile(option, pattern);
                    ends.Add(Reserve());
                    _program[fork] = new Step(Op.Fork, fork + 1, _program.Count);
                }
                Compile(choice.Options[^1], pattern);
                foreach (var end in ends) _program[end] = new Step(Op.Jump, _program.Count);
                break;
            case PatternNode.Anchor anchor: _program.Add(new Step(Op.Anchor, (int)anchor.Kind)); break;
            case PatternNode.Look look:
                Body(look.Body, pattern, end => new Step(Op.Look, end, look.Behind ? 1 : 0, Flag: look.Negative));
                break;
            case PatternNode.Atomic atomic:
                Body(atomic.Body, pattern, end => new Step(Op.Atomic, end));
                break;
            case PatternNode.Repeat { Kind: RepeatKind.Possessive, Body: not PatternNode.One } repeat:
                Compile(new PatternNode.Atomic(repeat with { Kind = RepeatKind.Greedy }), pattern);
                break;
            case PatternNode.Repeat repeat: Repeat(repeat, pattern); break;
        }
    }

    private void Repeat(PatternNode.Repeat repeat, string pattern)
    {
        if (repeat.Body is PatternNode.One one && repeat.Kind != RepeatKind.Lazy)
        {
            _program.Add(new Step(Op.Loop, repeat.Min, repeat.Max, one.Set, Flag: repeat.Kind == RepeatKind.Possessive));
            return;
        }
        if (repeat.Max < 0 && repeat.Body.CanBeEmpty)
            throw new UnsupportedTokenizerException(
                $"the pattern {pattern} (a repetition without end of something that may be empty)", "repetitions whose body matches at least one character");
        for (var i = 0; i < repeat.Min; i++) Compile(repeat.Body, pattern);
        var forks = new List<int>();
        for (var i = repeat.Min; i < repeat.Max || (repeat.Max < 0 && i == repeat.Min); i++)
        {
            forks.Add(Reserve());
            Compile(repeat.Body, pattern);
        }
        if (repeat.Max < 0) _program.Add(new Step(Op.Jump, forks[0]));
        foreach (var fork in forks)
            _program[fork] = repeat.Kind == RepeatKind.Lazy ? new Step(Op.Fork, _program.Count, fork + 1) : new Step(Op.Fork, fork + 1, _program.Count);
    }

    private void Body(PatternNode body, string pattern, Func<int, Step> step)
    {
        var at = Reserve();
        Compile(body, pattern);
        _program.Add(new Step(Op.Match));
        _program[at] = step(_program.Count);
    }

    private int Reserve()
    {
        _program.Add(default);
        return _program.Count - 1;
    }
}
