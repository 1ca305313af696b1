using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Tests.Files.Hub;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary><c>model add</c> against a real HTTP server that breaks connections and serves wrong bytes.</summary>
public sealed class AddToolTests : IDisposable
{
    private readonly TinyPack _pack = new();
    private readonly TestServer _server = new();

    public void Dispose()
    {
        _server.Dispose();
        _pack.Dispose();
    }

    [Fact]
    public void Add_ConnectionBrokenTwiceThenAWrongByte_ResumedThenRefusedByItsHash()
    {
        Serve("o/tiny", _pack["models/tiny"]);
        var weights = _server.Files["/o/tiny/resolve/c0ffee/model.safetensors"];
        weights.CutAfter.Enqueue(500);
        weights.CutAfter.Enqueue(700);
        var genuine = weights.Content.ToArray();
        weights.Content[^1] ^= 1;

        var refused = Assert.Throws<ToolException>(() => Add("o/tiny"));
        Assert.Contains("the content's hash is not", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.False(Directory.Exists(Path.Combine(_pack.Folders.Models, "o/tiny")));
        Assert.Equal([null, "bytes=500-", "bytes=1200-"], _server.Requests.Where(r => r.Path.EndsWith(".safetensors", StringComparison.Ordinal)).Select(r => r.Range));

        genuine.CopyTo(weights.Content, 0);
        var added = Add("o/tiny");
        Assert.Equal("model", added["kind"]!.GetValue<string>());
        Assert.Equal("c0ffee", added["commit"]!.GetValue<string>());
        using (var decoder = ModelDirectory.Load(Path.Combine(_pack.Folders.Models, "o/tiny"))) Assert.Equal("llama", decoder.ModelType);

        // What a sweep calls hub: is what lies in the home under that name.
        Assert.NotNull(ModelInspection.Of(new ModelSpec { Name = "m", Hub = "o/tiny" }, _pack.Folders).Facts.ContentHash);
        Assert.False(ModelInspection.Of(new ModelSpec { Name = "m", Hub = "o/tiny", Revision = "v2" }, _pack.Folders).Facts.Exists);
        Assert.Contains("is there already", Assert.Throws<ToolException>(() => Add("o/tiny")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_AdapterPatternsAndAddresses_TakenUnderTheirNames()
    {
        var folder = _pack["lora"];
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, AdapterDirectory.ConfigFile), """{"peft_type": "LORA"}""");
        File.WriteAllBytes(Path.Combine(folder, "adapter_model.bin"), [1, 2, 3]);
        File.WriteAllText(Path.Combine(folder, "q4.gguf"), "GGUF");
        Serve("o/lora", folder);
        var added = Add("o/lora", ("name", "mine"));
        Assert.Equal("adapter", added["kind"]!.GetValue<string>());
        Assert.Equal(["adapter_config.json", "adapter_model.bin"], added["files"]!.AsArray().Select(f => f!.GetValue<string>()));
        Assert.Equal(Path.Combine(_pack.Folders.Models, "mine"), added["path"]!.GetValue<string>());

        added = Add("o/lora", ("include", new JsonArray("*.gguf")), ("revision", "v2"));
        Assert.EndsWith("o/lora@v2", added["path"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["q4.gguf"], added["files"]!.AsArray().Select(f => f!.GetValue<string>()));
        Assert.Contains("no file fits *.pth", Assert.Throws<ToolException>(() => Add("o/lora", ("name", "none"), ("include", new JsonArray("*.pth")))).Message, StringComparison.Ordinal);

        var address = $"{_server.Address}o/lora/resolve/c0ffee/q4.gguf";
        var wrong = Assert.Throws<ToolException>(() => Add(address, ("sha256", new string('0', 64)))).Message;
        Assert.Contains("the content's hash is not", wrong, StringComparison.Ordinal);
        Assert.EndsWith("models/q4", Add(address)["path"]!.GetValue<string>(), StringComparison.Ordinal);
        foreach (var name in (string[])["../out", "/tmp/out", "a/b/c", ".hidden", ""])
            Assert.Contains("is no name", Assert.Throws<ToolException>(() => Add("o/lora", ("name", name))).Message, StringComparison.Ordinal);
    }

    private void Serve(string id, string folder)
    {
        var files = Directory.GetFiles(folder);
        var siblings = new JsonArray([.. files.Select(file => (JsonNode)new JsonObject { ["rfilename"] = Path.GetFileName(file) })]);
        foreach (var revision in (string[])["main", "v2"])
            _server.Files[$"/api/models/{id}/revision/{revision}"] = new ServedFile(JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["sha"] = "c0ffee", ["siblings"] = siblings.DeepClone() }));
        foreach (var file in files)
        {
            var content = File.ReadAllBytes(file);
            _server.Files[$"/{id}/resolve/c0ffee/{Path.GetFileName(file)}"] = new ServedFile(content, Convert.ToHexStringLower(SHA256.HashData(content)));
        }
    }

    private JsonObject Add(string reference, params (string Key, JsonNode Value)[] more)
    {
        var options = new JsonObject { ["reference"] = reference, ["endpoint"] = _server.Address.AbsoluteUri };
        foreach (var (key, value) in more) options[key] = value;
        return _pack.Ask("model add", options).Answer;
    }
}
