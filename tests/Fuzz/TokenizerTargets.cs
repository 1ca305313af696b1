using System.Text;
using AlpacaCot.Tokenizers;
using AlpacaCot.Tokenizers.Tests;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>The files of tokenizers: each is opened and used.</summary>
internal static class TokenizerTargets
{
    private static readonly string[] _words =
    [
        "{", "}", "[", "]", ",", "\"", "null", "true", "\"type\":\"Sequence\"", "\"ByteLevel\"", "\"NFKC\"", "\"Replace\"", "\"Regex\"", "\"String\"", "(a+)+$", "{1000}", "(?=", "(?<=", "\\\\p{L}", "[^", "\"Precompiled\"", "\"Unigram\"", "\"WordPiece\"", "2097151", "\\ud800",
    ];

    private static readonly (string, float, int)[] _pieces = [("▁", -10, 1), ("a", -10, 1), ("b", -10, 1), ("ab", -1, 1), ("▁a", -2.5f, 1), ("bab", -3, 5), ("<x>", 0, 4), ("😀", -10, 1), ("é", -9, 1)];
    private static readonly byte[] _charsMap = [.. BitConverter.GetBytes(16), .. new byte[16], (byte)'A', 0];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("tokenizer.json", [.. Files.Select(Encoding.UTF8.GetBytes)], _words, (bytes, folder) => Use(TokenizerDirectory.Load(Targets.Written(folder, "tokenizer.json", bytes))), e => e is TokenizerException) { LongRun = 6_000 },
        new("tokenizer.model", [Model(1), Model(2)], ["▁", "<0x41>", "\n\u0004", "\u0012", "\u001a"], (bytes, folder) => Use(TokenizerDirectory.Load(Targets.Written(folder, "tokenizer.model", bytes))), e => e is TokenizerException) { LongRun = 6_000 },
        new("tokenizer-config", [Encoding.UTF8.GetBytes("""
            {"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"add_eos_token":false,"bos_token":"<s>","eos_token":{"content":"</s>","special":true},"pad_token":null,"legacy":false,
             "added_tokens_decoder":{"14":{"content":"<call>","special":false,"lstrip":true},"15":{"content":"<end>","special":true,"rstrip":true}}}
            """)], _words, Configured, e => e is TokenizerException) { LongRun = 6_000 },
        new("vocab", ["""{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"<|endoftext|>":5}"""u8.ToArray()], _words, (bytes, folder) => Paired(bytes, "#version: 0.2\na b\nĠ a\n"u8.ToArray(), folder), e => e is TokenizerException) { LongRun = 6_000 },
        new("merges", ["#version: 0.2\na b\nĠ a\n"u8.ToArray()], ["\n", " ", "a", "b", "#version"], (bytes, folder) => Paired("""{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4}"""u8.ToArray(), bytes, folder), e => e is TokenizerException) { LongRun = 6_000 },
        new("tiktoken", ["YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"u8.ToArray()], ["\n", " ", "==", "2097151"], (bytes, folder) => Use(TokenizerDirectory.LoadTiktoken(Targets.Written(folder, "t.tiktoken", bytes), @"\w+|\s+", new Dictionary<string, int> { ["<end>"] = 7 })), e => e is TokenizerException) { LongRun = 6_000 },
        new("pattern", [.. Patterns.Select(Encoding.UTF8.GetBytes)], ["(", ")", "[", "]", "|", "*", "+", "?", "{2,3}", "{1000}", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "\\p{L}", "\\p{^N}", "&&", "[:alpha:]", "^", "$", "\\b", "\\x{1F600}", "++", "??", "a", "\\s"], Pattern, e => e is TokenizerException) { LongRun = 6_000 },
    ];

    private static string[] Patterns =>
    [
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", @"(?<=a)b|(?>[ab]{1,3})|[a-z&&[^b]]++|\bx\B|^y$", @"(?:[a-z]+)*!",
    ];

    private static string[] Files =>
    [
        """
        {"version":"1.0","added_tokens":[{"id":8,"content":"<s>","special":true},{"id":9,"content":"  ","special":false,"normalized":true,"lstrip":true,"rstrip":true,"single_word":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"x+"},"content":"x"},{"type":"Prepend","prepend":"a"},{"type":"Strip","strip_left":true,"strip_right":true}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":" ?\\p{L}+|\\s+(?!\\S)|(?>[ab]{1,3})"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[8],"tokens":["<s>"]}}},
         "decoder":{"type":"ByteLevel"},
         "model":{"type":"BPE","unk_token":null,"byte_fallback":false,"ignore_merges":true,"fuse_unk":false,"vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"bb":5,"Ã":6,"©":7},"merges":["a b",["Ġ","a"],"b b"]}}
        """,
        """
        {"added_tokens":[{"id":0,"content":"<unk>","special":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"},{"type":"Precompiled","precompiled_charsmap":"EAAAAAAAAAAAAAAAAAAAAAAAAABBAA=="}]},
         "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},
         "post_processor":{"type":"Sequence","processors":[{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1]},{"type":"ByteLevel"}]},
         "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
         "model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0.0],["▁",-2.5],["a",-3.0],["b",-3.5],["ab",-4],["<0xC3>",-9],["<0xA9>",-9]]}}
        """,
        """
        {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["b",2],"cls":["a",1]},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"b":2,"##b":3,"##ab":4,"e":5}}}
        """,
        """
        {"added_tokens":[],"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"Split","pattern":{"String":"b"},"behavior":"MergedWithNext","invert":true},
         "decoder":{"type":"BPEDecoder","suffix":"</w>"},
         "model":{"type":"BPE","unk_token":"<unk>","continuing_subword_prefix":"","end_of_word_suffix":"</w>","fuse_unk":true,"byte_fallback":true,"vocab":{"<unk>":0,"a":1,"b":2,"b</w>":3,"ab</w>":4,"<0x41>":5},"merges":["a b</w>"]}}
        """,
    ];

    private static byte[] Model(int algorithm)
        => [.. ProtoWriter.Model(_pieces, algorithm, byteFallback: algorithm == 2, removeSpaces: true), .. new ProtoWriter().Bytes(3, new ProtoWriter().Bytes(2, _charsMap).ToArray()).ToArray()];

    private static void Configured(byte[] bytes, string folder)
    {
        Targets.Written(folder, "tokenizer.model", Model(1));
        Targets.Written(folder, "tokenizer_config.json", bytes);
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
