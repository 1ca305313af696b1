using System.Text;

namespace AlpacaCot.Data.Formats;

/// <summary>One record of a table.</summary>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Fields">Its fields; none of an empty line.</param>
/// <param name="Blank">Whether its line has nothing but blanks, which most readers take for no record.</param>
/// <param name="Open">Whether the file ends inside its last field, which a quote began.</param>
/// <param name="TooLong">Whether it has more characters than a row may have; its fields are not all here then.</param>
internal readonly record struct CsvRecord(int Line, List<string> Fields, bool Blank, bool Open, bool TooLong);

/// <summary>
/// Separated values as Python's <c>csv</c> reads them: a quote counts at the beginning of a field alone, what follows a closing quote belongs to the field, an empty line is a
/// record without fields, and records end at LF, CR or both. The text is read as a stream.
/// </summary>
internal sealed class CsvText(TextReader text, CsvDialect dialect)
{
    private readonly StringBuilder _field = new();
    private List<string> _fields = [];
    private int _line = 1;
    private int _length;

    private bool IsTooLong => _length > Importing.SourceText.LongestRow;

    private enum State
    {
        RecordStart,
        FieldStart,
        Field,
        Quoted,
        QuoteInQuoted,
        Escaped,
        EscapedInQuoted,
        Remark,
    }

    /// <summary>The records in their order.</summary>
    public IEnumerable<CsvRecord> Records()
    {
        var (state, began, blank) = (State.RecordStart, 1, true);
        for (var c = text.Read(); c >= 0; c = text.Read())
        {
            var character = (char)c;
            if (state == State.RecordStart) (began, blank, _length) = (_line, true, 0);
            if (!IsTooLong) _length++;
            var ends = character is '\n' or '\r' && state is not (State.Quoted or State.EscapedInQuoted or State.Escaped);
            if (character == '\r' && text.Peek() == '\n' && ends) text.Read();
            if (character is '\n' || character is '\r' && (ends || text.Peek() != '\n')) _line++;
            if (ends)
            {
                if (state != State.RecordStart) Save();
                yield return new CsvRecord(began, _fields, blank, false, IsTooLong);
                (_fields, state) = ([], State.RecordStart);
                continue;
            }
            if (state != State.Remark && character != dialect.Comment && (character is not (' ' or '\t') || character == dialect.Delimiter)) blank = false;
            state = Next(state, character);
        }
        if (state == State.RecordStart && _fields.Count == 0) yield break;
        Save();
        yield return new CsvRecord(began, _fields, blank, state is State.Quoted or State.EscapedInQuoted, IsTooLong);
    }

    private State Next(State state, char c)
    {
        switch (state)
        {
            case State.Remark: return State.Remark;
            case State.Escaped: return Add(c, State.Field);
            case State.EscapedInQuoted: return Add(c, State.Quoted);
            case State.Quoted:
                if (c == dialect.Escape) return State.EscapedInQuoted;
                if (c == dialect.Quote) return dialect.DoubledQuotes ? State.QuoteInQuoted : State.Field;
                return Add(c, State.Quoted);
            case State.QuoteInQuoted when c == dialect.Quote: return Add(c, State.Quoted);
            case State.RecordStart or State.FieldStart when c == dialect.Quote: return State.Quoted;
            case State.RecordStart or State.FieldStart when c == ' ' && dialect.SkipInitialSpace: return State.FieldStart;
        }
        if (c == dialect.Comment) return State.Remark;
        if (c == dialect.Escape) return State.Escaped;
        if (c != dialect.Delimiter) return Add(c, State.Field);
        Save();
        return State.FieldStart;
    }

    private State Add(char c, State next)
    {
        if (!IsTooLong) _field.Append(c);
        return next;
    }

    private void Save()
    {
        if (!IsTooLong) _fields.Add(_field.ToString());
        _field.Clear();
    }
}
