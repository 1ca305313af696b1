namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads a whole sweep file: its sections one after the other, then what only holds between them.</summary>
internal static class SweepParser
{
    public static SweepDocument Parse(string text)
    {
        var log = new SpecLog();
        var root = YamlTree.Read(text, log.Errors);
        if (root is null && log.Errors.Count == 0) log.Error(new SpecMark(1, 1), "", "the file is empty", "start with name, models, peft and data");
        if (root is null) return new SweepDocument(new SweepSpec { Name = "" }, log.Errors, log.Marks);

        var top = new MapReader(root, "", log);
        var name = top.Text("name");
        if (name is not null) new Names(log).Given(name, top.MarkOf("name"), "name");
        var spec = new SweepSpec
        {
            Name = name ?? "",
            Description = top.Text("description") ?? "",
            Seeds = AxisParser.Seeds(top),
            Models = AxisParser.Models(top),
            Peft = MethodParser.Peft(top),
            Data = AxisParser.Data(top),
            Cot = AxisParser.Cot(top),
            Base = top.Flag("base") ?? true,
            Training = TrainingParser.Read(top.Map("training")),
            Decoding = DecodingParser.Decoding(top.Map("decoding")),
            Evaluation = AskingParser.Evaluation(top),
            Search = top.Has("search") ? AskingParser.Search(top.Map("search")) : Absent(top, "search"),
            Template = top.Text("template") ?? TemplateNames.Alpaca,
            Language = top.Text("language"),
            Exclude = MatchParser.List(top, "exclude"),
            Include = MatchParser.List(top, "include"),
        };
        if (root is YamlMap)
            foreach (var (key, fix) in (IEnumerable<(string, string)>)
                     [
                         ("name", "add name: my-sweep"), ("models", "add models: [{ path: models/llama-nano }]"),
                         ("peft", "add peft: [{ method: lora }]"), ("data", "add data: [{ sources: [alpaca] }]"),
                     ])
                if (!top.Has(key)) log.Error(root.Mark, key, "this section is missing", fix);
        top.Finish();
        CrossChecks.Run(spec, log);
        var remarks = log.Errors.OrderBy(e => e.Line).ThenBy(e => e.Column).ThenBy(e => e.Path, StringComparer.Ordinal).ToList();
        return new SweepDocument(spec, remarks, log.Marks);
    }

    /// <summary>Makes an optional section known to the reader although it is not there.</summary>
    private static SearchSpec? Absent(MapReader top, string key)
    {
        _ = top.Node(key);
        return null;
    }
}
