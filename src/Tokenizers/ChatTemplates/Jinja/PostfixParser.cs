namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads what stands behind a value: attributes, subscripts, calls with their arguments, filters and tests.</summary>
internal sealed partial class Parser
{
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
}
