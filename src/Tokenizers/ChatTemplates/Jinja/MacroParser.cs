namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads macros, and blocks that are given to one.</summary>
internal sealed partial class Parser
{
    private Statement Macro()
    {
        var name = NameToken();
        Expect("(");
        var make = Callable(name, "endmacro");
        return scope =>
        {
            scope.Set(name, make(scope));
            return Flow.Next;
        };
    }

    private Statement CallBlock()
    {
        // call(user) list(…): the block's own parameters come first.
        var parameters = SkipOperator("(") ? Parameters() : [];
        var target = Primary();
        while (SkipOperator("."))
        {
            var (owner, attribute) = (target, NameToken());
            target = scope => Access.Attribute(owner(scope), attribute);
        }
        Expect("(");
        var arguments = Arguments();
        EndTag();
        var from = _at;
        var make = Callable("caller", parameters, Body("endcall"), from);
        Next();
        EndTag();
        return scope =>
        {
            var given = arguments(scope);
            scope.Rendering.Write(Python.Text(Access.Call(target(scope), given with { Named = new Dictionary<string, object?>(given.Named) { ["caller"] = make(scope) } })));
            return Flow.Next;
        };
    }

    private Func<Scope, Function> Callable(string name, string end)
    {
        var parameters = Parameters();
        EndTag();
        var from = _at;
        var body = Body(end);
        var make = Callable(name, parameters, body, from);
        Next();
        EndTag();
        return make;
    }

    /// <summary>Makes what a macro's name stands for; what else a call gives is an error unless the body, which begins at a token, asks for it.</summary>
    private Func<Scope, Function> Callable(string name, List<(string Name, Expression? Default)> parameters, Statement body, int from)
    {
        var (more, named, caller) = (Mentions(from, "varargs"), Mentions(from, "kwargs"), Mentions(from, "caller"));
        return outer => new Function(name, given =>
        {
            outer.Rendering.Step();
            var scope = outer.Inner();
            if (given.Positional.Count > parameters.Count && !more)
                throw new ChatTemplateException("TypeError", $"macro '{name}' takes not more than {parameters.Count} argument(s)");
            for (var i = 0; i < parameters.Count; i++)
            {
                var (parameter, otherwise) = parameters[i];
                scope.Set(parameter, i < given.Positional.Count ? given.Positional[i] : given.Named.TryGetValue(parameter, out var value) ? value
                    : otherwise is not null ? otherwise(scope) : new Undefined($"parameter '{parameter}' was not provided"));
            }
            var rest = given.Named.Where(argument => parameters.TrueForAll(parameter => parameter.Name != argument.Key)).ToDictionary(StringComparer.Ordinal);
            if (caller) scope.Set("caller", rest.TryGetValue("caller", out var block) ? block : new Undefined("No caller defined"));
            rest.Remove("caller");
            if (rest.Count > 0 && !named) throw new ChatTemplateException("TypeError", $"macro '{name}' takes no keyword argument '{rest.Keys.First()}'");
            scope.Set("varargs", given.Positional.Skip(parameters.Count).ToArray());
            scope.Set("kwargs", Mapping.Of(rest));
            return outer.Rendering.Capture(() => body(scope));
        });
    }

    private bool Mentions(int from, string name)
    {
        for (var i = from; i < _at; i++)
            if (_tokens[i] is { Kind: TokenKind.Name } token && token.Text == name) return true;
        return false;
    }
}
