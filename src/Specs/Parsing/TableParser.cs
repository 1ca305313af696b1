namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads how a source's tables become rows: <c>form, task, repeat_merged</c>.</summary>
internal static class TableParser
{
    private const string Key = "tables";

    public static TableOptions? Tables(MapReader source)
    {
        if (source.Node(Key) is not { } node) return null;
        if (node is not YamlMap)
        {
            source.Error(Key, $"must be a mapping of options, and is {MapReader.Kind(node)}", "write tables: { form: markdown }");
            return null;
        }
        var reader = new MapReader(node, source.At(Key), source.Log);
        var tables = new TableOptions
        {
            Form = reader.Choice("form", Words.TableForms) ?? TableForm.Markdown, Task = reader.Choice("task", Words.TableTasks), RepeatMerged = reader.Flag("repeat_merged") ?? false,
        };
        reader.Finish();
        return tables;
    }
}
