using System.Globalization;
using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads the expressions of a template's tokens, by Jinja's grammar.</summary>
internal sealed partial class Parser
{
    private static readonly string[] _comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression with a condition: <c>a if b else c</c>.</summary>
    private Expression Conditional()
    {
        Guard();
        var value = Or();
        while (SkipName("if"))
        {
            var (then, condition) = (value, Or());
            var otherwise = SkipName("else") ? Conditional() : static _ => new Undefined("the inline if-expression evaluated to false and no else section was defined.");
            value = scope => Python.Truth(condition(scope)) ? then(scope) : otherwise(scope);
        }
        return value;
    }

    private Expression Or()
    {
        var left = And();
        while (SkipName("or"))
        {
            var (a, b) = (left, And());
            left = scope => a(scope) is var value && Python.Truth(value) ? value : b(scope);
        }
        return left;
    }

    private Expression And()
    {
        var left = Not();
        while (SkipName("and"))
        {
            var (a, b) = (left, Not());
            left = scope => a(scope) is var value && !Python.Truth(value) ? value : b(scope);
        }
        return left;
    }

    private Expression Not()
    {
        Guard();
        if (!SkipName("not")) return Comparison();
        var value = Not();
        return scope => !Python.Truth(value(scope));
    }

    private Expression Comparison()
    {
        var first = Sum();
        var rest = new List<(string Operation, Expression Value)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && _comparisons.Contains(Current.Text)) rest.Add((Next().Text, Sum()));
            else if (SkipName("in")) rest.Add(("in", Sum()));
            else if (IsName("not") && Peek is { Kind: TokenKind.Name, Text: "in" })
            {
                Next();
                Next();
                rest.Add(("not in", Sum()));
            }
            else break;
        }
        if (rest.Count == 0) return first;
        return scope =>
        {
            var left = first(scope);
            foreach (var (operation, value) in rest)
            {
                var right = value(scope);
                if (!Operators.Compare(operation, left, right)) return false;
                left = right;
            }
            return true;
        };
    }

    private Expression Sum() => Chain(Concatenation, "+", "-");

    private Expression Concatenation()
    {
        var first = Product();
        if (!IsOperator("~")) return first;
        var parts = new List<Expression> { first };
        while (SkipOperator("~")) parts.Add(Product());
        return scope =>
        {
            var text = string.Concat(parts.Select(part => Python.Text(part(scope))));
            Rendering.CheckLength(text.Length);
            return text;
        };
    }

    private Expression Product() => Chain(Power, "*", "/", "//", "%");

    private Expression Power() => Chain(() => Unary(), "**");

    private Expression Chain(Func<Expression> part, params string[] operations)
    {
        var left = part();
        while (Current.Kind == TokenKind.Operator && operations.Contains(Current.Text))
        {
            var (operation, a) = (Next().Text, left);
            var b = part();
            left = scope => Operators.Binary(operation, a(scope), b(scope));
        }
        return left;
    }

    private Expression Unary(bool filters = true)
    {
        Guard();
        Expression value;
        if (SkipOperator("-"))
        {
            var operand = Unary(filters: false);
            value = scope => Operators.Negate(operand(scope));
        }
        else if (SkipOperator("+"))
        {
            var operand = Unary(filters: false);
            value = scope => Operators.Plus(operand(scope));
        }
        else value = Primary();
        value = Postfix(value);
        return filters ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Next();
                switch (token.Text)
                {
                    case "true" or "True": return static _ => true;
                    case "false" or "False": return static _ => false;
                    case "none" or "None": return static _ => null;
                    default: return scope => scope.Get(token.Text);
                }
            case TokenKind.Text:
                var text = "";
                while (Current.Kind == TokenKind.Text) text += Next().Text;
                return _ => text;
            case TokenKind.Integer:
                Next();
                object whole = Whole(token.Text);
                return _ => whole;
            case TokenKind.Float:
                Next();
                object number = double.Parse(token.Text, CultureInfo.InvariantCulture);
                return _ => number;
            case TokenKind.Operator when token.Text == "(":
                Next();
                var inner = Tuple(parentheses: true);
                Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                Next();
                var items = Items("]");
                return scope => items.Select(item => item(scope)).ToList();
            case TokenKind.Operator when token.Text == "{":
                Next();
                return Braces();
            default: throw Unexpected(token);
        }
    }

    private Expression Braces()
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!IsOperator("}"))
        {
            if (entries.Count > 0) Expect(",");
            if (IsOperator("}")) break;
            var key = Conditional();
            Expect(":");
            entries.Add((key, Conditional()));
        }
        Expect("}");
        return scope =>
        {
            var mapping = new Mapping();
            foreach (var (key, value) in entries) mapping.Set(key(scope), value(scope));
            return mapping;
        };
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!IsOperator(close))
        {
            if (items.Count > 0) Expect(",");
            if (IsOperator(close)) break;
            items.Add(Conditional());
        }
        Expect(close);
        return items;
    }

    /// <summary>One expression, or several with commas, which are a tuple.</summary>
    private Expression Tuple(bool parentheses = false, bool conditions = true, params string[] ends)
    {
        var items = new List<Expression>();
        var tuple = false;
        while (true)
        {
            if (items.Count > 0) Expect(",");
            if (Current.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd || IsOperator(")") || (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))) break;
            items.Add(conditions ? Conditional() : Or());
            if (!IsOperator(",")) break;
            tuple = true;
        }
        if (!tuple && items.Count == 1) return items[0];
        if (items.Count == 0 && !parentheses) throw Unexpected(Current);
        return scope => items.Select(item => item(scope)).ToArray();
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            var target = value;
            if (SkipOperator("."))
            {
                var token = Next();
                if (token.Kind == TokenKind.Name) value = scope => Access.Attribute(target(scope), token.Text);
                else if (token.Kind == TokenKind.Integer)
                {
                    object index = Whole(token.Text);
                    value = scope => Access.Item(target(scope), index);
                }
                else throw Error("expected name or number");
            }
            else if (SkipOperator("[")) value = Subscript(target);
            else if (SkipOperator("(")) value = Call(target);
            else return value;
        }
    }

    private Expression Subscript(Expression target)
    {
        Expression? start = null, stop = null, step = null;
        if (!IsOperator(":"))
        {
            var key = Tuple();
            if (SkipOperator("]")) return scope => Access.Item(target(scope), key(scope));
            start = key;
        }
        Expect(":");
        if (!IsOperator(":") && !IsOperator("]")) stop = Conditional();
        if (SkipOperator(":") && !IsOperator("]")) step = Conditional();
        Expect("]");
        return scope => Access.Slice(target(scope), start?.Invoke(scope), stop?.Invoke(scope), step?.Invoke(scope));
    }

    private Expression Call(Expression target)
    {
        var arguments = Arguments();
        return scope =>
        {
            scope.Rendering.Step();
            return Access.Call(target(scope), arguments(scope));
        };
    }

    /// <summary>The arguments of a call, behind its bracket.</summary>
    private Func<Scope, CallArguments> Arguments()
    {
        var positional = new List<(Expression Value, bool Spread)>();
        var named = new List<(string? Name, Expression Value)>();
        var any = false;
        while (!IsOperator(")"))
        {
            if (any) Expect(",");
            if (IsOperator(")")) break;
            any = true;
            if (SkipOperator("**")) named.Add((null, Conditional()));
            else if (SkipOperator("*")) positional.Add((Conditional(), true));
            else if (Current.Kind == TokenKind.Name && Peek is { Kind: TokenKind.Operator, Text: "=" })
            {
                var name = Next().Text;
                Next();
                named.Add((name, Conditional()));
            }
            else if (named.Count > 0) throw Error("invalid syntax for function call expression");
            else positional.Add((Conditional(), false));
        }
        Expect(")");
        return scope =>
        {
            var values = new List<object?>();
            foreach (var (value, spread) in positional)
                if (spread) values.AddRange(Python.Iterate(value(scope)));
                else values.Add(value(scope));
            var names = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (var (name, value) in named)
                if (name is not null) names[name] = value(scope);
                else if (value(scope) is Mapping mapping) foreach (var (key, item) in mapping) names[Python.Text(key.Value)] = item;
                else throw new ChatTemplateException("TypeError", "argument after ** must be a mapping");
            return new CallArguments(values, names);
        };
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
            if (IsOperator("|")) value = Filter(value);
            else if (SkipName("is")) value = Test(value);
            else if (SkipOperator("(")) value = Call(value);
            else return value;
    }

    /// <summary>A filter and those behind it, each on what the one before gives.</summary>
    private Expression Filter(Expression value)
    {
        while (SkipOperator("|"))
        {
            var name = DottedName();
            var filter = Jinja.Filters.Find(name) ?? throw new ChatTemplateException("TemplateAssertionError", $"No filter named '{name}'.");
            var arguments = SkipOperator("(") ? Arguments() : _none;
            var target = value;
            value = scope =>
            {
                scope.Rendering.Step();
                var operand = target(scope);
                Rendering.SpendOn(operand);
                return filter(operand, arguments(scope));
            };
        }
        return value;
    }

    private Expression Test(Expression value)
    {
        var negated = SkipName("not");
        var name = DottedName();
        var test = Jinja.Tests.Find(name) ?? throw new ChatTemplateException("TemplateAssertionError", $"No test named '{name}'.");
        var arguments = _none;
        if (SkipOperator("(")) arguments = Arguments();
        else if (Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Float || IsOperator("[") || IsOperator("{"))
            if (!IsName("else") && !IsName("or") && !IsName("and"))
            {
                if (IsName("is")) throw Error("You cannot chain multiple tests with is");
                var argument = Postfix(Primary());
                arguments = scope => new CallArguments([argument(scope)], _noNames);
            }
        return scope => test(value(scope), arguments(scope)) != negated;
    }

    private static BigInteger Whole(string text)
    {
        if (text.Length > 4000) throw new ChatTemplateException("ValueError", "a number has more digits than are read");
        if (text.Length < 2 || !char.IsLetter(text[1])) return BigInteger.Parse(text, CultureInfo.InvariantCulture);
        var numberBase = char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
        return text.Skip(2).Aggregate(BigInteger.Zero, (sum, digit) => sum * numberBase + Convert.ToInt32(digit.ToString(), 16));
    }
}
