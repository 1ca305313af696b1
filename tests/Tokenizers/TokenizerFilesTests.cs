using System.Text;
using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Every file beside a tokenizer is read by the same rules: a byte order mark is no fault, a Git LFS pointer is called one, and the file at fault is the one named.</summary>
public sealed class TokenizerFilesTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 499723\n";
    private const string Bpe = """{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "</s>": 3}, "merges": ["a b"]}}""";
    private readonly TemporaryFolder _folder = new();

    public TokenizerFilesTests()
    {
        File.WriteAllText(_folder["tokenizer.json"], Bpe);
        File.WriteAllText(_folder["tokenizer_config.json"], """{"tokenizer_class": "GPT2Tokenizer"}""");
        File.WriteAllText(_folder["special_tokens_map.json"], "{}");
        File.WriteAllText(_folder["added_tokens.json"], "{}");
        File.WriteAllText(_folder["generation_config.json"], """{"eos_token_id": [3]}""");
        File.WriteAllText(_folder["config.json"], """{"bos_token_id": 3}""");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("added_tokens.json")]
    [InlineData("generation_config.json")]
    [InlineData("config.json")]
    public void Load_ByteOrderMarkPointerOrDamage_ReadOrTheFileIsNamed(string file)
    {
        var text = File.ReadAllText(_folder[file]);
        File.WriteAllText(_folder[file], text, new UTF8Encoding(true));
        var tokenizer = TokenizerDirectory.Load(_folder.Path);
        Assert.Equal((3, 3), (tokenizer.EosId, tokenizer.BosId));
        Assert.Equal([2], tokenizer.Encode("ab"));

        File.WriteAllText(_folder[file], Pointer);
        Assert.StartsWith($"{_folder[file]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
        File.WriteAllText(_folder[file], text[..^1]);
        Assert.StartsWith($"{_folder[file]}: is not valid JSON", Refused(), StringComparison.Ordinal);
        File.WriteAllBytes(_folder[file], Encoding.Latin1.GetBytes("{\"naïve\": 1}"));
        Assert.StartsWith($"{_folder[file]}: is not UTF-8", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PairsWithAByteOrderMark_AsWithoutAndPointersAreRefused()
    {
        File.Delete(_folder["tokenizer.json"]);
        File.WriteAllText(_folder["vocab.json"], """{"a": 0, "b": 1, "ab": 2, "</s>": 3}""", new UTF8Encoding(true));
        File.WriteAllText(_folder["merges.txt"], "#version: 0.2\na b\n", new UTF8Encoding(true));
        Assert.Equal([2], TokenizerDirectory.Load(_folder.Path).Encode("ab"));
        File.WriteAllText(_folder["merges.txt"], Pointer);
        Assert.Contains($"{_folder["merges.txt"]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("vocab.json")]
    public void Load_GitLfsPointerForTheVocabulary_SaysSo(string file)
    {
        File.Delete(_folder["tokenizer.json"]);
        File.WriteAllText(_folder["merges.txt"], "a b\n");
        File.WriteAllText(_folder[file], Pointer);
        Assert.StartsWith($"{_folder[file]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void LoadTiktoken_GitLfsPointer_SaysSo()
    {
        File.WriteAllText(_folder["t.tiktoken"], Pointer);
        Assert.Contains("Git LFS pointer", Assert.Throws<TokenizerException>(() => TokenizerDirectory.LoadTiktoken(_folder["t.tiktoken"], ".", new Dictionary<string, int>())).Message, StringComparison.Ordinal);
    }

    private string Refused()
    {
        var error = Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder.Path)).Message;
        Assert.DoesNotContain('\n', error);
        return error;
    }
}
