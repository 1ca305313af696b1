namespace AlpacaCot.Tests.Acceptance;

/// <summary>A wrong request to <c>eval</c> ends with 2 and one line about itself. There is no such model: a message about anything else shows that it was not looked for yet.</summary>
[Trait("Category", "Acceptance")]
public sealed class EvalRequestTests : IDisposable
{
    private readonly Home _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("""{"filter_list": [{"name": "f", "filter": [{"function": "nope"}]}]}""", "unknown filter function 'nope'")]
    [InlineData("""{"filter_list": [{"name": "f", "filter": [{"function": "regex", "regex_pattern": "("}]}]}""", "'(' is no regular expression")]
    [InlineData("""{"extract": "last_number"}""", "row 2, line 2: the answer \"Paris\" has no number")]
    [InlineData("""{"answer": "reply"}""", "2 rows are wrong: row 1, line 1: has no 'reply'")]
    [InlineData("""{"extract": "final", "extract": "none"}""", "extract: this key is given twice")]
    public async Task Eval_WrongOptionsOrRows_AreRefusedBeforeTheModelIsLookedFor(string options, string words)
    {
        await File.WriteAllLinesAsync(_home["q.jsonl"], ["""{"question": "a", "answer": "3"}""", """{"question": "b", "answer": "Paris"}"""]);
        var whole = options.Insert(1, $"\"file\": \"{_home["q.jsonl"]}\", ");
        (await _home.RunAsync("eval", "--model", "nowhere", "--suite", "exact-match", "--suite-options", whole)).Refused(2, words);
    }

    [Theory]
    [InlineData("--limit", "0")]
    [InlineData("--max-new-tokens", "0")]
    public async Task Eval_NothingAskedFor_IsRefusedBeforeTheModelIsLookedFor(string option, string value)
        => (await _home.RunAsync("eval", "--model", "nowhere", "--suite", "goat-arithmetic", option, value)).Refused(2, option.TrimStart('-').Split('-')[0]);
}
