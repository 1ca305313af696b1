using System.Text;
using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Tokenizer files come from strangers: whatever is wrong with one, it works or is refused with one line that names it, when it is opened or used.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private const string Config = """
        {"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"add_eos_token":false,"bos_token":"<s>","eos_token":{"content":"</s>","special":true},"pad_token":null,"legacy":false,
         "added_tokens_decoder":{"14":{"content":"<call>","special":false,"lstrip":true},"15":{"content":"<end>","special":true}}}
        """;

    public void Dispose() => _folder.Dispose();

    [PropertyTest(150)]
    public void Json_DamagedDocument_WorksOrIsRefused(JsonDamage damage) => Each(SampleFiles.Json, json => Works("tokenizer.json", Encoding.UTF8.GetBytes(damage.Apply(json))));

    [PropertyTest(80)]
    public void Json_DamagedBytes_WorksOrIsRefused(Damage damage) => Each(SampleFiles.Json, json => Works("tokenizer.json", damage.Apply(Encoding.UTF8.GetBytes(json))));

    [PropertyTest(120)]
    public void SentencePiece_DamagedBytes_WorksOrIsRefused(Damage damage)
        => Each([1, 2], algorithm => Works("tokenizer.model", damage.Apply([.. ProtoWriter.Model(SampleFiles.Pieces, algorithm, byteFallback: damage.Edits.Count % 2 == 0, removeSpaces: true), .. new ProtoWriter().Bytes(3, new ProtoWriter().Bytes(2, SampleFiles.CharsMap).ToArray()).ToArray()])));

    [PropertyTest(120)]
    public void Configuration_Damaged_WorksOrIsRefused(JsonDamage damage)
    {
        File.WriteAllBytes(_folder["tokenizer.model"], ProtoWriter.Model(SampleFiles.Pieces));
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
