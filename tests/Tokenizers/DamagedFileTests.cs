using System.Text;
using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Tokenizer files come from strangers: whatever is wrong with one, it works or is refused with one line that names it, when it is opened or used.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly (string, float, int)[] _pieces =
        [("▁", -10, 1), ("a", -10, 1), ("b", -10, 1), ("ab", -1, 1), ("▁a", -2.5f, 1), ("bab", -3, 5), ("<x>", 0, 4), ("😀", -10, 1), ("é", -9, 1)];

    /// <summary>One key: U+FF21 (a full-width A) becomes A; the trie as Darts-clone lays it out needs 256 units here.</summary>
    private static readonly byte[] _charsMap = [.. BitConverter.GetBytes(16), .. new byte[16], (byte)'A', 0];

    private static readonly string[] _jsonFiles =
    [
        """
        {"version":"1.0","truncation":null,"added_tokens":[{"id":8,"content":"<s>","special":true},{"id":9,"content":"  ","special":false,"normalized":true,"lstrip":true,"rstrip":true,"single_word":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"x+"},"content":"x"},{"type":"Prepend","prepend":"a"},{"type":"Strip","strip_left":true,"strip_right":true}]},
         "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":" ?\\p{L}+|\\s+(?!\\S)|(?>[ab]{1,3})"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}]},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[8],"tokens":["<s>"]}}},
         "decoder":{"type":"ByteLevel"},
         "model":{"type":"BPE","unk_token":null,"byte_fallback":false,"ignore_merges":true,"fuse_unk":false,"vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"bb":5,"Ã":6,"©":7},"merges":["a b",["Ġ","a"],"b b"]}}
        """,
        """
        {"added_tokens":[{"id":0,"content":"<unk>","special":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
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

    private const string Config = """
        {"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"add_eos_token":false,"bos_token":"<s>","eos_token":{"content":"</s>","special":true},"pad_token":null,"legacy":false,
         "added_tokens_decoder":{"14":{"content":"<call>","special":false,"lstrip":true},"15":{"content":"<end>","special":true}}}
        """;

    public void Dispose() => _folder.Dispose();

    [PropertyTest(150)]
    public void Json_DamagedDocument_WorksOrIsRefused(JsonDamage damage) => Each(_jsonFiles, json => Works("tokenizer.json", Encoding.UTF8.GetBytes(damage.Apply(json))));

    [PropertyTest(80)]
    public void Json_DamagedBytes_WorksOrIsRefused(Damage damage) => Each(_jsonFiles, json => Works("tokenizer.json", damage.Apply(Encoding.UTF8.GetBytes(json))));

    [PropertyTest(120)]
    public void SentencePiece_DamagedBytes_WorksOrIsRefused(Damage damage)
        => Each([1, 2], algorithm => Works("tokenizer.model", damage.Apply([.. ProtoWriter.Model(_pieces, algorithm, byteFallback: damage.Edits.Count % 2 == 0, removeSpaces: true), .. new ProtoWriter().Bytes(3, new ProtoWriter().Bytes(2, _charsMap).ToArray()).ToArray()])));

    [PropertyTest(120)]
    public void Configuration_Damaged_WorksOrIsRefused(JsonDamage damage)
    {
        File.WriteAllBytes(_folder["tokenizer.model"], ProtoWriter.Model(_pieces));
        Works("tokenizer_config.json", Encoding.UTF8.GetBytes(damage.Apply(Config)), () => TokenizerDirectory.Load(_folder.Path));
    }

    [PropertyTest(80)]
    public void VocabularyAndMerges_Damaged_WorksOrIsRefused(JsonDamage vocabulary, Damage merges)
    {
        File.WriteAllBytes(_folder["merges.txt"], merges.Apply("#version: 0.2\na b\nĠ a\n"u8.ToArray()));
        Works("vocab.json", Encoding.UTF8.GetBytes(vocabulary.Apply("""{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"<|endoftext|>":5}""")), () => TokenizerDirectory.Load(_folder.Path));
    }

    [PropertyTest(80)]
    public void Tiktoken_Damaged_WorksOrIsRefused(Damage damage)
        => Works("t.tiktoken", damage.Apply("YQ== 0\nYg== 1\nYWI= 2\nIA== 3\n"u8.ToArray()), () => TokenizerDirectory.LoadTiktoken(_folder["t.tiktoken"], @"\w+|\s+", new Dictionary<string, int> { ["<end>"] = 7 }));

    private static void Each<T>(IEnumerable<T> files, Action<T> check)
    {
        foreach (var file in files) check(file);
    }

    private void Works(string name, byte[] bytes, Func<IAlignedTokenizer>? load = null)
    {
        File.WriteAllBytes(_folder[name], bytes);
        try
        {
            var tokenizer = load is null ? TokenizerDirectory.Load(_folder[name]) : load();
            foreach (var text in (string[])["", "ab ba  <s>b<x>", "é😀\u0301 a\n\n1x\uD800", "  Ａ中<call> <end>"])
                foreach (var options in (EncodeOptions[])[default, new(AddSpecialTokens: true), new(SpecialTokensAsText: true, Continuation: true)])
                {
                    var ids = tokenizer.Encode(text, options);
                    Assert.Equal(ids, tokenizer.EncodeWithOffsets(text, options).Select(span => span.Id));
                    tokenizer.Decode(ids, skipSpecialTokens: options.AddSpecialTokens);
                }
            var stream = tokenizer.Stream();
            for (var id = -1; id <= Math.Min(300, tokenizer.VocabularySize); id++) stream.Append(id);
            stream.Flush();
        }
        catch (TokenizerException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }
}
