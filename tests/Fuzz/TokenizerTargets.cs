using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.ChatTemplates;
using AlpacaCot.Tokenizers.Tests;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>The files of tokenizers: each is opened and used.</summary>
internal static class TokenizerTargets
{
    private static readonly string[] _words =
    [
        "{", "}", "[", "]", ",", "\"", "null", "true", "\"type\":\"Sequence\"", "\"ByteLevel\"", "\"NFKC\"", "\"Replace\"", "\"Regex\"", "\"String\"", "(a+)+$", "{1000}", "(?=", "(?<=", "\\\\p{L}", "[^", "\"Precompiled\"", "\"Unigram\"", "\"WordPiece\"", "2097151", "\\ud800",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("tokenizer.json", [.. SampleFiles.Json.Select(Encoding.UTF8.GetBytes)], _words, (bytes, folder) => Use(TokenizerDirectory.Load(Targets.Written(folder, "tokenizer.json", bytes))), e => e is TokenizerException) { LongRun = 6_000 },
        new("tokenizer.model", [Model(1), Model(2)], ["▁", "<0x41>", "\n\u0004", "\u0012", "\u001a"], (bytes, folder) => Use(TokenizerDirectory.Load(Targets.Written(folder, "tokenizer.model", bytes))), e => e is TokenizerException) { LongRun = 6_000 },
        new("tokenizer-config", [Encoding.UTF8.GetBytes("""
            {"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"add_eos_token":false,"bos_token":"<s>","eos_token":{"content":"</s>","special":true},"pad_token":null,"legacy":false,
             "added_tokens_decoder":{"14":{"content":"<call>","special":false,"lstrip":true},"15":{"content":"<end>","special":true,"rstrip":true}}}
            """)], _words, Configured, e => e is TokenizerException) { LongRun = 6_000 },
        new("vocab", ["""{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"<|endoftext|>":5}"""u8.ToArray()], _words, (bytes, folder) => Paired(bytes, "#version: 0.2\na b\nĠ a\n"u8.ToArray(), folder), e => e is TokenizerException) { LongRun = 6_000 },
        new("merges", ["#version: 0.2\na b\nĠ a\n"u8.ToArray()], ["\n", " ", "a", "b", "#version"], (bytes, folder) => Paired("""{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4}"""u8.ToArray(), bytes, folder), e => e is TokenizerException) { LongRun = 6_000 },
        new("tiktoken", ["YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"u8.ToArray()], ["\n", " ", "==", "2097151"], (bytes, folder) => Use(TokenizerDirectory.LoadTiktoken(Targets.Written(folder, "t.tiktoken", bytes), @"\w+|\s+", new Dictionary<string, int> { ["<end>"] = 7 })), e => e is TokenizerException) { LongRun = 6_000 },
        new("pattern", [.. Patterns.Select(Encoding.UTF8.GetBytes)], ["(", ")", "[", "]", "|", "*", "+", "?", "{2,3}", "{1000}", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "\\p{L}", "\\p{^N}", "&&", "[:alpha:]", "^", "$", "\\b", "\\x{1F600}", "++", "??", "a", "\\s"], Pattern, e => e is TokenizerException) { LongRun = 6_000 },
        new("chat-template", [.. ChatTemplates.Select(Encoding.UTF8.GetBytes)], ["{{ ", " }}", "{% ", " %}", "{%- ", "{% endfor %}", "{% for a in range(9999) %}", "{% if true %}", "{% endif %}", "{% set x = x ~ x %}", "| tojson", "| join('x')", " * 99999", " ** 999", "'%999d' % 1", ".format(1)", "[::-1]", "namespace(", "{% macro m(a) %}", "{% endmacro %}", "{{ m(1) }}", "loop.index", "{% generation %}"],
            (bytes, _) => Chat(Encoding.UTF8.GetString(bytes)), e => e is ChatTemplateException),
    ];

    private static string[] Patterns =>
    [
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", @"(?<=a)b|(?>[ab]{1,3})|[a-z&&[^b]]++|\bx\B|^y$", @"(?:[a-z]+)*!",
    ];

    private static string[] ChatTemplates =>
    [
        "{% for m in messages if m.role != 'x' %}{{ m['content'] | trim ~ loop.index }}{% set a, b = 1, [2, {'k': m}] %}{{ b[1:] | tojson(indent=2) if a is defined else '' }}{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}",
        "{%- macro say(m, n=2) -%}{{ '%s: %d' % (m.role, n) }}{%- endmacro -%}{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = ns.s ~ say(m) %}{% generation %}{{ m.content.split(' ') | join('-') }}{% endgeneration %}{% endfor %}{{ ns.s }}{{ raise_exception('no') if messages | length > 9 }}",
    ];

    private static void Chat(string template)
    {
        JsonObject[] messages = [new() { ["role"] = "user", ["content"] = "hi there" }, new() { ["role"] = "assistant", ["content"] = "é 😀" }];
        ChatTemplate.Parse(template).Render(messages, new ChatOptions { AddGenerationPrompt = true, Time = new Still() });
    }

    /// <summary>Templates may write the date; what fails today shall fail tomorrow.</summary>
    private sealed class Still : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;
    }

    private static byte[] Model(int algorithm)
        => [.. ProtoWriter.Model(SampleFiles.Pieces, algorithm, byteFallback: algorithm == 2, removeSpaces: true), .. new ProtoWriter().Bytes(3, new ProtoWriter().Bytes(2, SampleFiles.CharsMap).ToArray()).ToArray()];

    private static void Configured(byte[] bytes, string folder)
    {
        Targets.Written(folder, "tokenizer.model", Model(1));
        Targets.Written(folder, "tokenizer_config.json", bytes);
        ChatTemplateFile.Load(folder);
        Use(TokenizerDirectory.Load(folder));
    }

    private static void Paired(byte[] vocabulary, byte[] merges, string folder)
    {
        Targets.Written(folder, "merges.txt", merges);
        Targets.Written(folder, "vocab.json", vocabulary);
        Use(TokenizerDirectory.Load(folder));
    }

    private static void Pattern(byte[] bytes, string folder)
        => Use(TokenizerDirectory.LoadTiktoken(Targets.Written(folder, "t.tiktoken", "YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"u8.ToArray()), Encoding.UTF8.GetString(bytes), new Dictionary<string, int>()));

    private static void Use(IAlignedTokenizer tokenizer)
    {
        foreach (var text in (string[])["ab ba  <s>b<x>", "é😀\u0301 a\n\n1x\uD800", "  Ａ中<call> <end> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?"])
        {
            var ids = tokenizer.Encode(text, new EncodeOptions(AddSpecialTokens: true));
            tokenizer.EncodeWithOffsets(text);
            tokenizer.Decode(ids, skipSpecialTokens: true);
        }
        var stream = tokenizer.Stream();
        for (var id = -1; id <= Math.Min(64, tokenizer.VocabularySize); id++) stream.Append(id);
        stream.Flush();
    }
}
