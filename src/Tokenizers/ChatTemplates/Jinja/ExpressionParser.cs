namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads the expressions of a template's tokens, by Jinja's grammar: operators, from those that bind least.</summary>
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
}
