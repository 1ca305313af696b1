using System.Reflection;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace AlpacaCot.Grains.Contracts;

/// <summary>
/// How values that are declared elsewhere cross calls: specs, facts, jobs and events are the records of their own rooms, which know nothing of Orleans, and are written by the rules of the
/// worker's protocol, wherever a wire record of this room holds one. So they are declared once, and a property that is added to a spec crosses calls without anything being done for it.
/// </summary>
public static class PlatformVocabulary
{
    private static readonly Assembly[] _rooms = [typeof(SweepSpec).Assembly, typeof(WorkerJob).Assembly];

    /// <summary>Whether a type is one of them.</summary>
    public static bool Holds(Type type) => _rooms.Contains(type.Assembly);

    /// <summary>Makes them known to a silo or a client.</summary>
    public static IServiceCollection AddPlatformVocabulary(this IServiceCollection services) => services.AddSerializer(serializer => serializer.AddJsonSerializer(Holds, Frames.Json));
}
