namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Small whole tokenizer files, for tests that damage them.</summary>
internal static class SampleFiles
{
    /// <summary>Pieces of a SentencePiece model.</summary>
    public static IReadOnlyList<(string Text, float Score, int Type)> Pieces { get; } =
        [("▁", -10, 1), ("a", -10, 1), ("b", -10, 1), ("ab", -1, 1), ("▁a", -2.5f, 1), ("bab", -3, 5), ("<x>", 0, 4), ("😀", -10, 1), ("é", -9, 1)];

    /// <summary>One key: U+FF21 (a full-width A) becomes A; the trie as Darts-clone lays it out needs 256 units here.</summary>
    public static byte[] CharsMap => [.. BitConverter.GetBytes(16), .. new byte[16], (byte)'A', 0];

    /// <summary>A file of each kind of model, with parts that are read differently.</summary>
    public static IReadOnlyList<string> Json { get; } =
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
}
