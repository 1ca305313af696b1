using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// Turns a clean expression into a request, in the published order and with the published probabilities (arXiv 2305.14201; reference section 5):
/// phrase form, <c>x</c> for <c>*</c>, words for signs, spaces removed, then a template. The wordings are our own; short forms weigh as much as published.
/// </summary>
internal static class GoatLanguage
{
    private const string Blank = "{0}";

    private static readonly (string Text, int Weight)[] _templates =
    [
        ("{0}", 100), ("{0} =", 30), ("{0}=", 15), ("{0}=?", 10), ("What is {0}?", 10),
        ("{0} = ?", 8), ("Compute {0}", 8), ("Compute {0}.", 6), ("Calculate {0}", 8), ("Calculate {0}.", 6), ("Solve {0}", 8), ("Solve {0}.", 6),
        ("Determine {0}", 5), ("Determine {0}.", 5), ("what is {0}", 6), ("{0} is", 5), ("{0} is?", 5), ("Q: {0}", 6), ("Q: What is {0}?", 6),
        ("Question: {0}", 4), ("How much is {0}?", 6), ("Evaluate {0}", 5), ("Find {0}.", 5), ("Work out {0}.", 5), ("{0} equals", 5), ("{0} equals what?", 4),
        ("Give me the value of {0}.", 4), ("Tell me {0}.", 3), ("What does {0} equal?", 4), ("What does {0} come to?", 3), ("Answer: what is {0}?", 2),
        ("Please compute {0}.", 3), ("Please calculate {0}.", 3), ("Please work out {0}.", 3), ("Can you tell me what {0} is?", 3), ("Could you calculate {0}?", 3),
        ("I need the result of {0}.", 3), ("What is the result of {0}?", 4), ("What is the value of {0}?", 4), ("Find the result of {0}.", 3),
        ("Do you know what {0} is?", 2), ("Help me with {0}, please.", 2), ("Show me the answer to {0}.", 2), ("I would like to know {0}.", 2),
        ("My homework asks for {0}.", 1), ("Please give the exact result of {0}.", 2), ("Return the value of {0}.", 2), ("The value of {0} is", 3),
        ("The result of {0} is", 3), ("Let me know what {0} gives.", 1), ("Without a calculator: {0}", 1), ("In numbers, how much is {0}?", 1),
    ];

    private static readonly int _weight = _templates.Sum(template => template.Weight);

    private static readonly Dictionary<GoatOperation, string[]> _tasks = new()
    {
        [GoatOperation.Copy] = ["Copy: {0}", "Copy {0}", "Repeat {0}.", "Write {0} again.", "Say the number {0} again."],
        [GoatOperation.Split] = ["Split: {0}", "Split {0}", "Split {0} into its place values.", "Write {0} as a sum of place values.", "Take {0} apart by place value."],
        [GoatOperation.Compare] = ["Compare: {0}", "Compare {0}", "Which is larger: {0}?", "Compare the numbers {0}.", "Put the right sign between {0}."],
        [GoatOperation.Order] = ["Order: {0}", "Order {0}", "Sort {0}.", "Put in ascending order: {0}", "From the smallest to the largest: {0}"],
    };

    /// <summary>The clean expression; a task that is no computation by its name first, since a bare number does not say what to do with it.</summary>
    public static string Plain(GoatQuestion question, string expression)
        => _tasks.TryGetValue(question.Operation, out var task) ? Filled(task[0], expression) : expression;

    /// <summary>A request in words.</summary>
    public static string Request(GoatQuestion question, string expression, SeededRandom random)
    {
        // Every draw is made whether or not it is used, so that one choice never shifts the next.
        var (phrase, cross, words, closed) = (random.NextDouble() < 0.05, random.NextDouble() < 0.5, random.NextDouble() < 0.1, random.NextDouble() < 0.5);
        if (_tasks.TryGetValue(question.Operation, out var tasks)) return Filled(tasks[random.Next(tasks.Length)], expression);
        var template = Draw(random);

        var phrased = phrase ? Phrase(question, expression) : null;
        var text = phrased ?? expression;
        if (cross) text = text.Replace('*', 'x');
        if (words)
        {
            text = text.Replace("+", "plus", StringComparison.Ordinal).Replace(" - ", " minus ", StringComparison.Ordinal)
                .Replace(" x ", " times ", StringComparison.Ordinal).Replace("*", "multiplied by", StringComparison.Ordinal)
                .Replace("/", "divided by", StringComparison.Ordinal);
        }
        if (closed && phrased is null && text.AsSpan().IndexOfAny("+-*/x") >= 0) text = text.Replace(" ", "", StringComparison.Ordinal);
        return Filled(template, text);
    }

    // The expression alone is every fourth request, and needs no second text.
    private static string Filled(string template, string expression) => template == Blank ? expression : template.Replace(Blank, expression, StringComparison.Ordinal);

    private static string? Phrase(GoatQuestion question, string expression)
    {
        var between = expression.Split($" {question.Sign} ");
        return question.Operation switch
        {
            GoatOperation.Add => $"the sum of {between[0]} and {between[1]}",
            GoatOperation.Subtract => $"the difference of {between[0]} and {between[1]}",
            GoatOperation.Multiply or GoatOperation.MultiplyByDigit => $"the product of {between[0]} and {between[1]}",
            GoatOperation.Divide or GoatOperation.DivideByDigit => $"the quotient and remainder of {between[0]} and {between[1]}",
            GoatOperation.Modulo => $"the remainder of {between[0]} divided by {between[1]}",
            GoatOperation.Power => $"{between[0]} to the power of {between[1]}",
            GoatOperation.Gcd => $"the greatest common divisor of {question.Left} and {question.Right}",
            _ => null,
        };
    }

    private static string Draw(SeededRandom random)
    {
        var at = random.Next(_weight);
        foreach (var (text, weight) in _templates)
        {
            if (at < weight) return text;
            at -= weight;
        }
        throw new InvalidOperationException("the weights do not add up");
    }
}
