using System.Globalization;
using System.Numerics;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Reads what expressions are made of: names, literals, brackets.</summary>
internal sealed partial class Parser
{
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

    private static BigInteger Whole(string text)
    {
        if (text.Length > 4000) throw new ChatTemplateException("ValueError", "a number has more digits than are read");
        if (text.Length < 2 || !char.IsLetter(text[1])) return BigInteger.Parse(text, CultureInfo.InvariantCulture);
        var numberBase = char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
        return text.Skip(2).Aggregate(BigInteger.Zero, (sum, digit) => sum * numberBase + Convert.ToInt32(digit.ToString(), 16));
    }
}
