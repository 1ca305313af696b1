using System.Text;
using AlpacaCot.Client.Library.Hosting;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>A trial's model answers by grain call, as any client of the platform may ask it.</summary>
[Trait("Category", "Acceptance")]
public sealed class ServingTests(Bases bases)
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    private static DecodingSpec Short => new() { MaxNewTokens = 6 };

    [Fact]
    public async Task Generate_FinishedTrial_StreamsTheSameTokensEachTime()
    {
        using var home = new Home();
        var summary = (await home.RunAsync("sweep", "run", Sweeps.Write(home, Sweeps.Tiny(bases.Sums, untuned: true)), "--json")).Done().Json();
        var trial = summary.GetProperty("trials")[0].GetProperty("name").GetString()!;
        var silo = home.StartProgram(Programs.Silo);
        await Home.UntilAsync(() => File.Exists(home["run/silo.sock"]), "the silo listens", _limit);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.AddSiloClient(new HomeLayout(home.Root));
        using var host = builder.Build();
        await host.StartAsync();
        var server = host.Services.GetRequiredService<IClusterClient>().GetGrain<IModelServerGrain>($"default/tiny/{trial}");

        var first = await AskAsync(server, new GenerateRequest { Prompt = "7 + 5", Decoding = Short });
        Assert.Equal(Enumerable.Range(0, first.Count).Select(n => first[0].Sequence + n), first.Select(chunk => chunk.Sequence));
        Assert.True(first.Count > 1, "tokens come as they are made, not all at the end");
        Assert.All(first.SkipLast(1), chunk => Assert.Null(chunk.FinishReason));
        Assert.True(first[^1].FinishReason is "length" or "stop" or "eos", $"the answer ended for '{first[^1].FinishReason}': {first[^1].Error}");
        Assert.InRange(first.Sum(chunk => chunk.Ids.Length), 1, 6);
        // Two at once in one batch, and each as if alone.
        var both = await Task.WhenAll(AskAsync(server, new GenerateRequest { Prompt = "7 + 5", Decoding = Short }), AskAsync(server, new GenerateRequest { Prompt = "7 + 5", Decoding = Short }));
        Assert.All(both, again => Assert.Equal(first.SelectMany(c => c.Ids), again.SelectMany(c => c.Ids)));
        Assert.All(both, again => Assert.Equal(TextOf(first), TextOf(again)));

        // A request that its caller leaves is no burden on the next one.
        using (var leave = new CancellationTokenSource())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var chunk in server.GenerateAsync(new GenerateRequest { Prompt = "1 + 1", Decoding = Short with { MaxNewTokens = 5000 } }, leave.Token))
                    await leave.CancelAsync();
            });
        }
        Assert.Equal(first.SelectMany(c => c.Ids), (await AskAsync(server, new GenerateRequest { Prompt = "7 + 5", Decoding = Short })).SelectMany(c => c.Ids));

        var registry = host.Services.GetRequiredService<IClusterClient>().GetGrain<IDeviceRegistryGrain>("default");
        Assert.Equal([$"server:fp32:{bases.Sums}"], (await registry.ListAsync()).Select(slot => slot.User));
        await server.UnloadAsync();
        Assert.All(await registry.ListAsync(), slot => Assert.Null(slot.User));
        await Home.UntilAsync(() => home.Processes("Worker").Count == 0, "the server's worker ends", _limit);

        // The untuned base is asked as the tuned trials are, through the sweep's template.
        var untuned = host.Services.GetRequiredService<IClusterClient>().GetGrain<IModelServerGrain>("default/tiny/nano+base+none");
        var plain = await AskAsync(untuned, new GenerateRequest { Prompt = "7 + 5", Decoding = Short });
        Assert.NotEqual(TextOf(await AskAsync(untuned, new GenerateRequest { Prompt = "7 + 5", Decoding = Short, Raw = true })), TextOf(plain));
        await untuned.UnloadAsync();

        var nothing = Assert.Single(await AskAsync(host.Services.GetRequiredService<IClusterClient>().GetGrain<IModelServerGrain>("default/tiny/none"), new GenerateRequest { Prompt = "1" }));
        Assert.Equal("error", nothing.FinishReason);
        Assert.Contains("none", nothing.Error, StringComparison.Ordinal);
        await host.StopAsync();
        home.Kill("Silo");
        await silo.EndAsync(_limit);
    }

    private static string TextOf(IEnumerable<TokenChunk> chunks) => chunks.Aggregate(new StringBuilder(), (text, chunk) => text.Append(chunk.Text)).ToString();

    private static async Task<List<TokenChunk>> AskAsync(IModelServerGrain server, GenerateRequest request)
    {
        var chunks = new List<TokenChunk>();
        using var late = new CancellationTokenSource(_limit);
        await foreach (var chunk in server.GenerateAsync(request, late.Token)) chunks.Add(chunk);
        return chunks;
    }
}
