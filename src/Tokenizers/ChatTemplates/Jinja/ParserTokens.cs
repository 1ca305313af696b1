using System.Runtime.CompilerServices;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>How the parser goes through the tokens, and the small parts that statements share.</summary>
internal sealed partial class Parser
{
    private Token Next() => _tokens[_at < _tokens.Count - 1 ? _at++ : _at];

    private bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    private bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    private bool SkipName(string name)
    {
        if (!IsName(name)) return false;
        Next();
        return true;
    }

    private bool SkipOperator(string text)
    {
        if (!IsOperator(text)) return false;
        Next();
        return true;
    }

    private void Expect(string text)
    {
        if (!SkipOperator(text)) throw Error($"expected token '{text}', got {Describe(Current)}");
    }

    private void EndTag()
    {
        if (Current.Kind != TokenKind.BlockEnd) throw Error($"expected token 'end of statement block', got {Describe(Current)}");
        Next();
    }

    private string NameToken() => Current.Kind == TokenKind.Name ? Next().Text : throw Error($"expected a name, got {Describe(Current)}");

    private string DottedName()
    {
        var name = NameToken();
        while (IsOperator(".") && Peek.Kind == TokenKind.Name)
        {
            Next();
            name += "." + Next().Text;
        }
        return name;
    }

    /// <summary>The rest of a tag, its body, and the tag that ends it.</summary>
    private Statement Block(string end)
    {
        EndTag();
        var body = Body(end);
        Next();
        EndTag();
        return body;
    }

    /// <summary>The parameters of a macro behind its bracket, with their defaults.</summary>
    private List<(string Name, Expression? Default)> Parameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        while (!IsOperator(")"))
        {
            if (parameters.Count > 0) Expect(",");
            if (IsOperator(")")) break;
            var name = NameToken();
            if (SkipOperator("=")) parameters.Add((name, Conditional()));
            else if (parameters.Count > 0 && parameters[^1].Default is not null) throw Error("non-default argument follows default argument");
            else parameters.Add((name, null));
        }
        Expect(")");
        return parameters;
    }

    /// <summary>What is assigned to: a name, an attribute of a namespace, or several with commas.</summary>
    private Action<Scope, object?> Target(bool namespaces, bool tuples = true)
    {
        Guard();
        var targets = new List<Action<Scope, object?>>();
        var several = false;
        while (true)
        {
            if (SkipOperator("("))
            {
                targets.Add(Target(namespaces: false));
                Expect(")");
            }
            else
            {
                var name = NameToken();
                if (namespaces && SkipOperator("."))
                {
                    var attribute = NameToken();
                    targets.Add((scope, value) =>
                    {
                        if (scope.Get(name) is not Namespace space) throw new ChatTemplateException("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
                        space.Attributes.Set(attribute, value);
                    });
                }
                else targets.Add((scope, value) => scope.Set(name, value));
            }
            if (!tuples || !SkipOperator(",")) break;
            several = true;
            if (Current.Kind != TokenKind.Name && !IsOperator("(")) break;
        }
        if (!several) return targets[0];
        return (scope, value) =>
        {
            var items = Python.Iterate(value).ToList();
            if (items.Count != targets.Count)
                throw new ChatTemplateException("ValueError", items.Count < targets.Count ? $"not enough values to unpack (expected {targets.Count}, got {items.Count})" : $"too many values to unpack (expected {targets.Count})");
            for (var i = 0; i < items.Count; i++) targets[i](scope, items[i]);
        };
    }

    private void Guard()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Error("the template is nested too deeply");
    }

    private ChatTemplateException Unexpected(Token token) => Error($"unexpected {Describe(token)}");

    private ChatTemplateException Error(string message) => new("TemplateSyntaxError", $"line {Current.Line}: {message}");

    private static string Describe(Token token) => token.Kind switch
    {
        TokenKind.End => "end of template", TokenKind.PrintEnd => "'end of print statement'", TokenKind.BlockEnd => "'end of statement block'",
        TokenKind.Text => Python.Repr(token.Text), _ => $"'{token.Text}'",
    };
}
