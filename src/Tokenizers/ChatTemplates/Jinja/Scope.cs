using System.Runtime.CompilerServices;
using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>What one rendering shares: its output, its limits, the clock.</summary>
internal sealed class Rendering(TimeProvider time)
{
    // Templates are data of strangers: these are far above what any published one needs (the largest golden one takes some thousands of steps).
    private const int MaxSteps = 5_000_000;
    private const int MaxCharacters = 16_000_000;

    /// <summary>Characters that all of a rendering's values and comparisons have together: what is made in one step may be large, and a template has millions of steps.</summary>
    private const long MaxWork = 100_000_000;

    /// <summary>What an item of a sequence counts as, in characters: it takes some 50 bytes.</summary>
    private const int ItemWork = 16;

    // Operators and filters are functions of values alone; what they do is counted for the rendering that this thread is in.
    [ThreadStatic]
    private static Rendering? _current;

    private int _steps;
    private long _work;
    private int _depth;

    /// <summary>Where text goes.</summary>
    public StringBuilder Output { get; private set; } = new();

    /// <summary>The parts of the text that stand in <c>generation</c> blocks.</summary>
    public List<(int Begin, int End)> Generations { get; } = [];

    /// <summary>The clock of <c>strftime_now</c>.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>Counts a step.</summary>
    public void Step()
    {
        if (++_steps > MaxSteps) throw new ChatTemplateException("RuntimeError", $"the template takes more than {MaxSteps} steps");
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new ChatTemplateException("RecursionError", "the template calls itself too deeply");
    }

    /// <summary>Renders; what operators and filters do meanwhile on this thread is counted here.</summary>
    public void Run(Action render)
    {
        _current = this;
        try
        {
            render();
        }
        finally
        {
            _current = null;
        }
    }

    /// <summary>Counts characters that are made, or looked at.</summary>
    public static void Spend(long characters)
    {
        if (_current is { } rendering && (rendering._work += characters) > MaxWork)
            throw new ChatTemplateException("RuntimeError", $"the template makes or compares more than {MaxWork} characters");
    }

    /// <summary>Counts the items of a sequence that is made, or gone through.</summary>
    public static void SpendItems(long items)
    {
        CheckLength(items);
        Spend(items * (ItemWork - 1));
    }

    /// <summary>Counts going through a value: a text's characters; items are counted one by one.</summary>
    public static void SpendOn(object? value)
    {
        if (value is string text) Spend(text.Length);
    }

    /// <summary>Writes text.</summary>
    public void Write(string text)
    {
        CheckLength(Output.Length + (long)text.Length);
        Output.Append(text);
    }

    /// <summary>Refuses texts that are too long, and counts the others.</summary>
    public static void CheckLength(long characters)
    {
        if (characters > MaxCharacters) throw new ChatTemplateException("RuntimeError", $"the template makes a text of more than {MaxCharacters} characters");
        Spend(characters);
    }

    /// <summary>What an action writes, apart from the output.</summary>
    public string Capture(Action write)
    {
        var outer = Output;
        Output = new StringBuilder();
        _depth++;
        try
        {
            write();
            return Output.ToString();
        }
        finally
        {
            Output = outer;
            _depth--;
        }
    }

    /// <summary>Marks what an action writes as generated, unless it is caught for a variable.</summary>
    public void Generate(Action write)
    {
        var begin = Output.Length;
        write();
        if (_depth == 0) Generations.Add((begin, Output.Length));
    }
}

/// <summary>Names and their values, inside others: what is set in a loop or a macro stays there.</summary>
internal sealed class Scope(Rendering rendering, Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>The rendering.</summary>
    public Rendering Rendering { get; } = rendering;

    /// <summary>A scope inside this one.</summary>
    public Scope Inner() => new(Rendering, this);

    /// <summary>Sets a name here.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a name, or what says that it is undefined.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
            if (scope._values.TryGetValue(name, out var value)) return value;
        return new Undefined($"'{name}' is undefined");
    }

    private Scope? Parent { get; } = outer;
}

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    /// <summary>The next one follows.</summary>
    Next,

    /// <summary>The loop ends.</summary>
    Break,

    /// <summary>The loop's next round begins.</summary>
    Continue,
}

/// <summary>A compiled expression.</summary>
internal delegate object? Expression(Scope scope);

/// <summary>A compiled statement.</summary>
internal delegate Flow Statement(Scope scope);
