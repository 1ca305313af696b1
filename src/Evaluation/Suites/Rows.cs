using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Data;
using AlpacaCot.Data.Importing;
using AlpacaCot.Evaluation.Python;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>What is wrong with one row of questions; it is told with its file and place, and with what is wrong with other rows.</summary>
internal sealed class RowException(string mistake) : Exception(mistake);

/// <summary>Turns a file's rows into questions.</summary>
internal static class Rows
{
    /// <summary>The questions of a file in its order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="question">Makes a question of a row; throws <see cref="RowException"/> where it is none.</param>
    /// <exception cref="EvaluationException">The file cannot be read, or rows are wrong: all of them are told at once.</exception>
    public static List<SuiteItem> Read(string path, Func<RowFields, SuiteItem> question)
    {
        try
        {
            var mistakes = new RowMistakes(path);
            var items = new List<SuiteItem>();
            foreach (var row in RowFile.Objects(path))
            {
                try
                {
                    items.Add(question(new RowFields(row.Fields)));
                }
                catch (RowException e)
                {
                    mistakes.Add(row.Place, e.Message);
                }
            }
            mistakes.Throw();
            return items;
        }
        catch (DatasetException e)
        {
            throw new EvaluationException(e.Message);
        }
    }

    /// <summary>A whole file as one text.</summary>
    /// <exception cref="EvaluationException">The file cannot be read.</exception>
    public static string Text(string path)
    {
        try
        {
            return RowFile.Text(path);
        }
        catch (DatasetException e)
        {
            throw new EvaluationException(e.Message);
        }
    }
}

/// <summary>A row's fields, read by name.</summary>
internal sealed class RowFields(JsonObject row)
{
    private const int Shown = 60;

    /// <summary>The row as it stands.</summary>
    public JsonObject Row => row;

    /// <summary>A field as text: a text or a number, and not blank.</summary>
    /// <exception cref="RowException">The field is missing, empty or something else.</exception>
    public string Text(string key) => TextOrEmpty(key) is var text && !string.IsNullOrWhiteSpace(text) ? text : throw new RowException($"'{key}' is empty");

    /// <summary>A field as text that may be empty, but not null.</summary>
    /// <exception cref="RowException">The field is missing, null or something else.</exception>
    public string TextOrEmpty(string key)
    {
        if (!row.TryGetPropertyValue(key, out var value)) throw new RowException($"has no '{key}'; it has {string.Join(", ", row.Select(p => p.Key).Take(10))}");
        return value?.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.Number => PythonJson.Str(value),
            null => throw new RowException($"'{key}' is empty"),
            JsonValueKind.Array => throw new RowException($"'{key}' is a list; give one text"),
            JsonValueKind.Object => throw new RowException($"'{key}' is an object; give one text"),
            _ => throw new RowException($"'{key}' is {PythonJson.Dumps(value)}; give it as the text that is meant"),
        };
    }

    /// <summary>A text in quotes for a message, not too long.</summary>
    public static string Quoted(string text) => $"\"{(text.Length <= Shown ? text : text[..Shown] + "…").ReplaceLineEndings(" ")}\"";
}
