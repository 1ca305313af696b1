namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads a template's statements and makes them runnable.</summary>
internal sealed partial class Parser
{
    private static readonly Dictionary<string, object?> _noNames = [];
    private static readonly CallArguments _noArguments = new([], _noNames);
    private static readonly Func<Scope, CallArguments> _none = static _ => _noArguments;
    private readonly IReadOnlyList<Token> _tokens;
    private int _at;

    private Parser(IReadOnlyList<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_at];

    private Token Peek => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    /// <summary>Compiles a template.</summary>
    public static Statement Parse(string template)
    {
        var parser = new Parser(Lexer.Read(template));
        return parser.Body();
    }

    /// <summary>Statements up to a tag with one of the names, which is left to be read; up to the end of the template where there are none.</summary>
    private Statement Body(params string[] ends)
    {
        Guard();
        var statements = new List<Statement>();
        while (true)
        {
            var token = Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(scope =>
                    {
                        scope.Rendering.Write(token.Text);
                        return Flow.Next;
                    });
                    break;
                case TokenKind.PrintBegin:
                    var value = Tuple();
                    if (Current.Kind != TokenKind.PrintEnd) throw Unexpected(Current);
                    Next();
                    statements.Add(scope =>
                    {
                        scope.Rendering.Step();
                        scope.Rendering.Write(Python.Text(value(scope)));
                        return Flow.Next;
                    });
                    break;
                case TokenKind.BlockBegin:
                    if (Current.Kind != TokenKind.Name) throw Unexpected(Current);
                    if (ends.Contains(Current.Text)) return Run(statements);
                    statements.Add(Tag());
                    break;
                default:
                    if (ends.Length == 0) return Run(statements);
                    throw Error($"Unexpected end of template. Jinja was looking for the following tags: {string.Join(" or ", ends.Select(end => $"'{end}'"))}.");
            }
        }
    }

    private static Statement Run(List<Statement> statements)
    {
        Statement[] all = [.. statements];
        return scope =>
        {
            foreach (var statement in all)
                if (statement(scope) is var flow and not Flow.Next) return flow;
            return Flow.Next;
        };
    }

    private Statement Tag()
    {
        var name = Next().Text;
        switch (name)
        {
            case "if": return If();
            case "for": return For();
            case "set": return Set();
            case "macro": return Macro();
            case "call": return CallBlock();
            case "filter": return FilterBlock();
            case "with": return With();
            case "generation":
                var generated = Block("endgeneration");
                return scope =>
                {
                    scope.Rendering.Generate(() => generated(scope.Inner()));
                    return Flow.Next;
                };
            case "break" or "continue":
                EndTag();
                var flow = name == "break" ? Flow.Break : Flow.Continue;
                return _ => flow;
            case "include" or "import" or "from" or "extends" or "block": throw Error($"a chat template is one file: '{name}' is not supported");
            default: throw Error($"Encountered unknown tag '{name}'.");
        }
    }

    private Statement If()
    {
        var branches = new List<(Expression Condition, Statement Body)>();
        Statement? otherwise = null;
        var condition = Tuple(conditions: false);
        EndTag();
        while (true)
        {
            branches.Add((condition, Body("elif", "else", "endif")));
            var word = Next().Text;
            if (word == "elif")
            {
                condition = Tuple(conditions: false);
                EndTag();
                continue;
            }
            EndTag();
            if (word == "else")
            {
                otherwise = Body("endif");
                Next();
                EndTag();
            }
            break;
        }
        return scope =>
        {
            scope.Rendering.Step();
            foreach (var (test, body) in branches)
                if (Python.Truth(test(scope))) return body(scope);
            return otherwise?.Invoke(scope) ?? Flow.Next;
        };
    }

    private Statement For()
    {
        var target = Target(namespaces: false);
        if (!SkipName("in")) throw Error("expected token 'in'");
        var items = Tuple(parentheses: false, conditions: false, "recursive", "if");
        var test = SkipName("if") ? Conditional() : null;
        var recursive = SkipName("recursive");
        EndTag();
        var body = Body("else", "endfor");
        Statement? otherwise = null;
        if (Next().Text == "else")
        {
            EndTag();
            otherwise = Body("endfor");
            Next();
        }
        EndTag();

        Flow Loop(Scope scope, IEnumerable<object?> all, int depth)
        {
            var kept = new List<object?>();
            foreach (var item in all)
            {
                scope.Rendering.Step();
                if (test is not null)
                {
                    var candidate = scope.Inner();
                    target(candidate, item);
                    if (!Python.Truth(test(candidate))) continue;
                }
                kept.Add(item);
            }
            var loop = new LoopState(kept, depth, recursive ? inner => scope.Rendering.Capture(() => Loop(scope, Python.Iterate(inner), depth + 1)) : null);
            for (; loop.Index < kept.Count; loop.Index++)
            {
                scope.Rendering.Step();
                var round = scope.Inner();
                round.Set("loop", loop);
                target(round, kept[loop.Index]);
                if (body(round) == Flow.Break) break;
            }
            if (kept.Count == 0) otherwise?.Invoke(scope);
            return Flow.Next;
        }

        return scope => Loop(scope, Python.Iterate(items(scope)), 1);
    }

    private Statement Set()
    {
        var target = Target(namespaces: true);
        if (SkipOperator("="))
        {
            var value = Tuple();
            EndTag();
            return scope =>
            {
                scope.Rendering.Step();
                target(scope, value(scope));
                return Flow.Next;
            };
        }
        object? caught = null;
        var filtered = Filter(_ => caught);
        var body = Block("endset");
        return scope =>
        {
            caught = scope.Rendering.Capture(() => body(scope.Inner()));
            target(scope, filtered(scope));
            return Flow.Next;
        };
    }

    private Statement FilterBlock()
    {
        object? caught = null;
        // A filter block names its first filter without a bar.
        _at--;
        var tokens = new List<Token>(_tokens) { [_at] = new(TokenKind.Operator, "|", Current.Line) };
        var inner = new Parser(tokens) { _at = _at };
        var filtered = inner.Filter(_ => caught);
        _at = inner._at;
        var body = Block("endfilter");
        return scope =>
        {
            caught = scope.Rendering.Capture(() => body(scope.Inner()));
            scope.Rendering.Write(Python.Text(filtered(scope)));
            return Flow.Next;
        };
    }

    private Statement With()
    {
        var assignments = new List<(Action<Scope, object?> Target, Expression Value)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0) Expect(",");
            var target = Target(namespaces: false, tuples: false);
            Expect("=");
            assignments.Add((target, Conditional()));
        }
        var body = Block("endwith");
        return scope =>
        {
            var inner = scope.Inner();
            foreach (var (target, value) in assignments) target(inner, value(scope));
            return body(inner);
        };
    }
}
