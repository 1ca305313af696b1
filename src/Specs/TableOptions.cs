namespace AlpacaCot.Specs;

/// <summary>How a table is written as text.</summary>
public enum TableForm
{
    /// <summary><c>markdown</c>: a pipe table; a table with merged cells is written as HTML.</summary>
    Markdown,

    /// <summary><c>html</c>: with <c>rowspan</c> and <c>colspan</c>.</summary>
    Html,

    /// <summary><c>latex</c>: a <c>tabular</c> with <c>\multirow</c> and <c>\multicolumn</c>.</summary>
    Latex,

    /// <summary><c>flat</c>: <c>[HEAD] a | b [ROW] 1 : c | d</c> on one line; a table with merged cells is written as HTML.</summary>
    Flat,
}

/// <summary>What is asked about a table.</summary>
public enum TableTask
{
    /// <summary><c>tqa</c>: a question is answered.</summary>
    Questions,

    /// <summary><c>tfv</c>: a statement is judged.</summary>
    Facts,

    /// <summary><c>text_to_table</c>: a description becomes the table.</summary>
    TextToTable,

    /// <summary><c>table_to_text</c>: the table is described row by row.</summary>
    TableToText,
}

/// <summary>How a file of questions about tables becomes rows.</summary>
public sealed record TableOptions
{
    /// <summary>How tables are written.</summary>
    public TableForm Form { get; init; }

    /// <summary>What is asked; null is what the file holds, questions or statements.</summary>
    public TableTask? Task { get; init; }

    /// <summary>Whether a merged cell is written into each place that it covers, so that no table needs HTML.</summary>
    public bool RepeatMerged { get; init; }
}
