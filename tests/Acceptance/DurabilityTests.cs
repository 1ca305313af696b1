using System.Text.Json;
using AlpacaCot.Client.Library.Hosting;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>What a silo has answered for is on disk, whatever ends it.</summary>
[Trait("Category", "Acceptance")]
public sealed class DurabilityTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Submit_SiloKilledMeanwhile_EveryAcknowledgedSweepIsThere()
    {
        using var home = new Home();
        var silo = home.StartProgram(Programs.Silo, "--stub-workers", "60");
        await Home.UntilAsync(() => File.Exists(home["run/silo.sock"]), "the silo listens", _limit);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.AddSiloClient(new HomeLayout(home.Root));
        using var host = builder.Build();
        await host.StartAsync();
        var experiment = host.Services.GetRequiredService<IClusterClient>().GetGrain<IExperimentGrain>("default");
        var acknowledged = new List<string>();
        var submitting = Task.Run(async () =>
        {
            for (var n = 0; ; n++)
            {
                var reply = await experiment.SubmitAsync(new SubmitSweep
                {
                    Name = $"s{n}", BaseDirectory = home.Root, Directory = home[$"experiments/default/s{n}"], Facts = new SpecFacts(),
                    Spec = SweepDocument.ParseValid($"name: s{n}\nseeds: [0, 1]\nmodels: [{{ name: m, path: m }}]\npeft: [{{ name: l, method: lora }}]\ndata: [{{ name: d, sources: [goat] }}]"),
                });
                lock (acknowledged) acknowledged.Add(reply.Key);
            }
        });
        await Home.UntilAsync(() => acknowledged.Count >= 40, "sweeps are submitted", _limit);
        Assert.Equal(1, home.Kill("Silo"));
        await Assert.ThrowsAnyAsync<Orleans.Runtime.OrleansException>(() => submitting.WaitAsync(_limit));
        await silo.EndAsync(_limit);

        var listed = (await home.RunAsync("sweep", "list", "--json")).Done().Json().EnumerateArray().Select(sweep => "default/" + sweep.GetProperty("name").GetString()).ToHashSet();
        Assert.Empty(acknowledged.Except(listed));
        var last = acknowledged[^1]["default/".Length..];
        Assert.Equal(2, (await home.RunAsync("sweep", "status", last, "--json")).Done().Json().GetProperty("trials").GetArrayLength());
    }
}
