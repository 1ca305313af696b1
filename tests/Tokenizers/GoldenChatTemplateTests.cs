using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Chat templates against Jinja as transformers sets it up: texts, the templates' own refusals, the assistant's spans and tokens.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenChatTemplateTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("chat_template");

    public static IEnumerable<object[]> FeatureCases => Golden.Folders("chat_template_features");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Render_GoldenConversations_EqualTextsAndErrors(string folder)
    {
        var golden = Golden.Open(folder);
        var template = ChatTemplate.Parse(File.ReadAllText(golden.File(golden.Json.GetProperty("template").GetString()!)));
        var differences = new Differences();
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl"))
        {
            IReadOnlyList<JsonObject> messages = [.. line.GetProperty("messages").EnumerateArray().Select(message => JsonObject.Create(message)!)];
            var options = Options(golden, line);
            foreach (var (result, asked) in new[] { ("rendered", options), ("rendered_generation", options with { AddGenerationPrompt = true }), ("rendered_continue", options with { ContinueFinalMessage = true }) })
                Check(differences, line, result, () => template.Render(messages, asked));
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(FeatureCases))]
    public void Render_GoldenFeatures_EqualTextsAndErrors(string folder)
    {
        var golden = Golden.Open(folder);
        var differences = new Differences();
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl"))
            Check(differences, line, "rendered", () => ChatTemplate.Parse(GoldenTokenizer.Text(line, "template")).Render([], Options(golden, line)));
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AssistantMask_GoldenConversations_EqualTokens(string folder)
    {
        var golden = Golden.Open(folder);
        var lines = GoldenTokenizer.Lines(golden, "cases.jsonl").Where(line => line.TryGetProperty("qwen2_assistant_mask", out _)).ToList();
        Assert.SkipWhen(lines.Count == 0, $"{folder} marks no generation");
        var template = ChatTemplate.Parse(File.ReadAllText(golden.File(golden.Json.GetProperty("template").GetString()!)));
        using var temporary = new TemporaryFolder();
        var tokenizer = WithSpecials(Path.Combine(Golden.Root!, "tokenizers/qwen2/tokenizer.json"), golden.Json.GetProperty("variables"), temporary["tokenizer.json"]);
        var differences = new Differences();
        foreach (var line in lines)
        {
            var rendered = template.Render([.. line.GetProperty("messages").EnumerateArray().Select(message => JsonObject.Create(message)!)], Options(golden, line));
            var tokens = tokenizer.EncodeWithOffsets(rendered.Text);
            differences.Check("ids of " + rendered.Text, GoldenTokenizer.Ids(line.GetProperty("qwen2_ids")), [.. tokens.Select(token => token.Id)]);
            differences.Check("mask of " + rendered.Text, GoldenTokenizer.Ids(line.GetProperty("qwen2_assistant_mask")), [.. rendered.AssistantMask(tokens).Select(assistant => assistant ? 1 : 0)]);
        }
        differences.AssertNone();
    }

    private static void Check(Differences differences, JsonElement line, string result, Func<RenderedChat> render)
    {
        var what = $"{line.GetProperty("name").GetString()} {result}";
        if (line.TryGetProperty(result, out var text))
        {
            RenderedChat rendered;
            try
            {
                rendered = render();
            }
            catch (ChatTemplateException e)
            {
                differences.Check(what, text.GetString(), $"{e.Type}: {e.Message}");
                return;
            }
            differences.Check(what, text.GetString(), rendered.Text);
            if (result != "rendered" || !line.TryGetProperty("generation_spans", out var spans)) return;
            var places = GoldenOffsetTests.Places(rendered.Text, bytes: false);
            differences.Check($"{what}: spans", spans.EnumerateArray().Select(span => $"{span[0]}-{span[1]}").ToArray(), [.. rendered.GenerationSpans.Select(span => $"{places[span.Begin]}-{places[span.End]}")]);
        }
        else if (line.TryGetProperty("error_" + result, out var error))
        {
            // A template's own words must be equal; of other errors, that there is one.
            var own = error.GetProperty("type").GetString() == ChatTemplateException.Raised;
            try
            {
                differences.Check(what, own ? error.GetProperty("message").GetString() : "an error", render().Text);
            }
            catch (ChatTemplateException e)
            {
                differences.Check(what, own ? ChatTemplateException.Raised + error.GetProperty("message").GetString() : "an error", own ? e.Type + e.Message : "an error");
            }
        }
    }

    private static ChatOptions Options(GoldenCase golden, JsonElement line)
    {
        var variables = JsonObject.Create(golden.Json.GetProperty("variables"))!.DeepClone().AsObject();
        if (line.TryGetProperty("variables", out var own))
            foreach (var entry in own.EnumerateObject()) variables[entry.Name] = JsonNode.Parse(entry.Value.GetRawText());
        JsonArray? Given(string name) => line.TryGetProperty(name, out _) ? JsonArray.Create(golden.Json.GetProperty(name)) : null;
        var now = DateTime.Parse(golden.Json.GetProperty("now").GetString()!, CultureInfo.InvariantCulture);
        return new ChatOptions { Variables = variables, Tools = Given("tools"), Documents = Given("documents"), Time = new FixedTime(new DateTimeOffset(now, TimeSpan.Zero)) };
    }

    /// <summary>A tokenizer with the tokens that a case's template writes added as special ones.</summary>
    private static IAlignedTokenizer WithSpecials(string source, JsonElement variables, string file)
    {
        var json = JsonNode.Parse(File.ReadAllText(source))!.AsObject();
        var added = json["added_tokens"]!.AsArray();
        var next = Math.Max(added.Max(token => token!["id"]!.GetValue<int>()), json["model"]!["vocab"]!.AsObject().Max(token => token.Value!.GetValue<int>())) + 1;
        foreach (var variable in variables.EnumerateObject().Where(v => v.Name is "bos_token" or "eos_token"))
            if (!added.Any(token => token!["content"]!.GetValue<string>() == variable.Value.GetString()))
                added.Add(new JsonObject { ["id"] = next++, ["content"] = variable.Value.GetString(), ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true });
        File.WriteAllText(file, json.ToJsonString());
        return TokenizerDirectory.Load(file);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}
