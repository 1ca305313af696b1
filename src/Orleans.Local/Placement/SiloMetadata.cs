using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Orleans.Hosting;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo says about itself, fixed at its start.</summary>
[GenerateSerializer, Immutable]
public record SiloMetadata
{
    /// <summary>Nothing.</summary>
    public static SiloMetadata Empty { get; } = new();

    /// <summary>Names and values.</summary>
    [Id(0)]
    public ImmutableDictionary<string, string> Metadata { get; private init; } = ImmutableDictionary<string, string>.Empty;

    internal static SiloMetadata From(IEnumerable<KeyValuePair<string, string>> values) => new() { Metadata = values.ToImmutableDictionary(StringComparer.Ordinal) };
}

/// <summary>The metadata of silos.</summary>
public interface ISiloMetadataCache
{
    /// <summary>The metadata of a silo; <see cref="SiloMetadata.Empty"/> where unknown.</summary>
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}

/// <summary>Gives a silo its metadata.</summary>
public static class SiloMetadataHostingExtensions
{
    /// <summary>Takes the section <c>Orleans:Metadata</c> of the configuration.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder) => builder.UseSiloMetadata(builder.Configuration);

    /// <summary>Takes the section <c>Orleans:Metadata</c> of a configuration.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfiguration configuration)
        => builder.UseSiloMetadata(configuration.GetSection("Orleans").GetSection("Metadata"));

    /// <summary>Takes a section of a configuration.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, IConfigurationSection configurationSection)
        => builder.UseSiloMetadata(configurationSection.AsEnumerable(makePathsRelative: true)
            .Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.Ordinal));

    /// <summary>Takes names and values.</summary>
    public static ISiloBuilder UseSiloMetadata(this ISiloBuilder builder, Dictionary<string, string> metadata)
    {
        var fixedMetadata = SiloMetadata.From(metadata);
        builder.Services.AddSingleton<ISiloMetadataCache>(services => new LocalMetadata(services.GetRequiredService<ILocalSiloDetails>(), fixedMetadata));
        return builder;
    }

    private sealed class LocalMetadata(ILocalSiloDetails silo, SiloMetadata metadata) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress) => silo.SiloAddress.Equals(siloAddress) ? metadata : SiloMetadata.Empty;
    }
}
