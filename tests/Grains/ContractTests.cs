using System.Reflection;
using Orleans.CodeGeneration;
using Orleans.Serialization;

namespace AlpacaCot.Tests.Grains;

/// <summary>What crosses calls: one member that cannot be encoded breaks the other calls of its interface too.</summary>
public sealed class ContractTests
{
    private static readonly Assembly[] _rooms = [typeof(ISweepGrain).Assembly, typeof(PlatformGrains).Assembly];

    private static IEnumerable<Type> Interfaces => _rooms.SelectMany(room => room.GetTypes()).Where(type => type.IsInterface && type.IsAssignableTo(typeof(IAddressable)) && type.Namespace!.StartsWith("AlpacaCot.", StringComparison.Ordinal));

    private static IEnumerable<Type> Records
    {
        get
        {
            var found = new HashSet<Type>();
            foreach (var method in Interfaces.SelectMany(type => type.GetMethods()))
            {
                Walk(method.ReturnType, found);
                foreach (var parameter in method.GetParameters()) Walk(parameter.ParameterType, found);
            }
            return found;
        }
    }

    private static void Walk(Type type, HashSet<Type> found)
    {
        if (type.IsArray)
        {
            Walk(type.GetElementType()!, found);
            return;
        }
        foreach (var argument in type.GetGenericArguments()) Walk(argument, found);
        if (!type.Assembly.GetName().Name!.StartsWith("AlpacaCot.", StringComparison.Ordinal) || !found.Add(type)) return;
        foreach (var property in Stored(type)) Walk(property.PropertyType, found);
    }

    private static IEnumerable<PropertyInfo> Stored(Type type) => type.GetProperties().Where(property => property.SetMethod is not null);

    [Fact]
    public void Interfaces_HaveVersionAndAliases()
    {
        Assert.Equal(7, Interfaces.Count());
        foreach (var type in Interfaces)
        {
            Assert.True(type.GetCustomAttribute<VersionAttribute>() is not null, $"{type.Name} has no version");
            Assert.True(type.GetCustomAttribute<AliasAttribute>()?.Alias == $"alpaca.{type.Name}", $"{type.Name} has no alias of its name");
            foreach (var method in type.GetMethods()) Assert.True(method.GetCustomAttribute<AliasAttribute>() is not null, $"{type.Name}.{method.Name} has no alias");
            Assert.Equal(type.GetMethods().Length, type.GetMethods().Select(method => method.GetCustomAttribute<AliasAttribute>()!.Alias).Distinct().Count());
        }
    }

    [Fact]
    public void Records_HaveAliasesAndIds()
    {
        Assert.Contains(typeof(StartReply), Records);
        Assert.Contains(typeof(PackStatus), Records);
        foreach (var type in Records)
        {
            Assert.True(type.GetCustomAttribute<GenerateSerializerAttribute>() is not null, $"{type.Name} has no serializer");
            Assert.True(type.GetCustomAttribute<AliasAttribute>()?.Alias == $"alpaca.{type.Name}.v1", $"{type.Name} has no alias of its name and version");
            var ids = Stored(type).Select(property => property.GetCustomAttribute<IdAttribute>()?.Id ?? throw new InvalidOperationException($"{type.Name}.{property.Name} has no id")).ToList();
            Assert.Equal(ids.Count, ids.Distinct().Count());
        }
    }

    [Fact]
    public async Task Records_CrossProcessesUnchanged()
    {
        using var folder = new TemporaryFolder();
        await using var platform = await Platform.StartAsync(folder, slots: 0);
        var status = new SweepStatus
        {
            Name = "s", State = "failed", Sequence = 7, Report = "/r", Aggregates = "[]", Problem = "p",
            Trials = [new TrialStatus { Name = "t", State = "failed", Fence = 3, Attempts = 2, Metrics = { ["suite/metric"] = double.NaN }, Message = "m", Training = "x" }],
            Packs = [new PackStatus("pack-0", "running", "a/cpu0", 3, 2, 1, 4, 5, 0.25, null, "m")],
        };
        var serializer = (Serializer)platform.Services.GetService(typeof(Serializer))!;
        var again = serializer.Deserialize<SweepStatus>(serializer.SerializeToArray(status));
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(status, Frames.Json), System.Text.Json.JsonSerializer.Serialize(again, Frames.Json));
    }
}
