using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>The rooms, the arrows between them, and what no source file may hold.</summary>
[Trait("Category", "Acceptance")]
public sealed partial class ArchitectureTests
{
    private const int MostLines = 500;

    /// <summary>What each room may use, as docs/architecture.md draws it. A room that is not named here may not exist.</summary>
    private static readonly Dictionary<string, string[]> _mayUse = new(StringComparer.Ordinal)
    {
        ["Specs"] = [],
        ["Files"] = [],
        ["Kernels"] = [],
        ["Statistics"] = [],
        ["Tokenizers"] = ["Files"],
        ["Tokenizers.MicrosoftML"] = ["Tokenizers"],
        ["Worker.Protocol"] = ["Specs"],
        ["Supervision"] = ["Worker.Protocol", "Files", "Specs"],
        ["Models"] = ["Kernels", "Files", "Specs"],
        ["Adapters"] = ["Models", "Kernels", "Files", "Specs"],
        ["Data"] = ["Tokenizers", "Files", "Specs"],
        ["Training"] = ["Adapters", "Models", "Data", "Kernels", "Files", "Specs"],
        ["Inference"] = ["Adapters", "Models", "Tokenizers", "Kernels", "Specs"],
        ["Evaluation"] = ["Inference", "Adapters", "Models", "Data", "Tokenizers", "Statistics", "Kernels", "Files", "Specs"],
        ["Experiments"] = ["Specs", "Statistics"],
        ["Worker"] = ["Training", "Evaluation", "Inference", "Data", "Adapters", "Models", "Tokenizers", "Kernels", "Worker.Protocol", "Files", "Specs"],
        ["Grains.Contracts"] = ["Worker.Protocol", "Specs"],
        ["Grains"] = ["Grains.Contracts", "Experiments", "Supervision", "Worker.Protocol", "Files", "Specs"],
        ["Silo"] = ["Grains", "Grains.Contracts", "Experiments", "Supervision", "Worker.Protocol", "Files", "Specs"],
        ["Client.Library"] = ["Grains.Contracts", "Experiments", "Supervision", "Worker.Protocol", "Files", "Specs"],
        ["Client"] = ["Client.Library", "Grains.Contracts", "Experiments", "Supervision", "Worker.Protocol", "Files", "Specs"],
        // No room: what measures the rooms uses them all, and nothing uses it.
        ["Benchmarks"] =
        [
            "Training", "Evaluation", "Inference", "Data", "Adapters", "Models", "Tokenizers", "Kernels", "Statistics", "Experiments", "Grains.Contracts", "Client.Library", "Supervision", "Worker.Protocol", "Files", "Specs",
        ],
    };

    private static string Source => Path.Combine(Programs.Checkout, "src");

    public static IEnumerable<object[]> Projects()
        => Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Path.Combine(Source, "..", "benchmarks"), "*.csproj")).Select(file => new object[] { Path.GetRelativePath(Source, file).Replace('\\', '/') });

    [Theory]
    [MemberData(nameof(Projects))]
    public void Room_References_AreItsArrows(string project)
    {
        var room = Path.GetFileNameWithoutExtension(project);
        Assert.True(_mayUse.TryGetValue(room, out var allowed), $"the room {room} is in no drawing");
        var used = XDocument.Load(Path.Combine(Source, project)).Descendants("ProjectReference")
            .Where(reference => reference.Attribute("ReferenceOutputAssembly")?.Value != "false")
            .SelectMany(reference => reference.Attribute("Include")!.Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))
            .ToList();
        Assert.Empty(used.Except(allowed!));
    }

    /// <summary>What a room's sources use is what its project names: nothing that merely comes along with a reference.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Room_Usings_AreItsArrows(string project)
    {
        var room = Path.GetFileNameWithoutExtension(project);
        var others = _mayUse.Keys.Where(other => other != room && !_mayUse[room].Contains(other)).ToList();
        var folder = Path.GetDirectoryName(Path.Combine(Source, project))!;
        var wrong = from file in Sources(Path.GetRelativePath(Source, folder))
                    where RoomOf(file) == room
                    from Match used in RoomNames().Matches(File.ReadAllText(file))
                    let named = used.Groups[1].Value
                    where others.Any(other => named == other || (named.StartsWith(other + ".", StringComparison.Ordinal) && !_mayUse[room].Append(room).Any(mine => mine.Length > other.Length && (named + ".").StartsWith(mine + ".", StringComparison.Ordinal))))
                    select $"{Path.GetRelativePath(Source, file)} uses {named}";
        Assert.Empty(wrong);
    }

    // A folder may hold another room (Grains/Contracts): a file is of the nearest project above it.
    private static string RoomOf(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        string? project;
        while ((project = Directory.EnumerateFiles(folder, "*.csproj").FirstOrDefault()) is null) folder = Path.GetDirectoryName(folder)!;
        return Path.GetFileNameWithoutExtension(project);
    }

    [Fact]
    public void Rooms_InTheDrawing_AllExist()
    {
        var projects = Projects().Select(row => Path.GetFileNameWithoutExtension((string)row[0])).Order(StringComparer.Ordinal);
        Assert.Equal(_mayUse.Keys.Order(StringComparer.Ordinal), projects);
    }

    /// <summary>What measures the rooms is no part of them.</summary>
    [Fact]
    public void Rooms_HoldNoBenchmark()
        => Assert.DoesNotContain(Sources(), file => Path.GetFileName(file).Contains("bench", StringComparison.OrdinalIgnoreCase) || Benchmark().IsMatch(File.ReadAllText(file)));

    /// <summary>Orleans is of the grains and those that call them; the rooms that compute never see it, and no pure room reads a file or the environment.</summary>
    [Fact]
    public void PureRooms_Sources_DoNoInputOrOutput()
    {
        var wrong = (from room in (string[])["Specs", "Experiments", "Statistics"]
                     from file in Sources(room)
                     where PureRoomsAvoid().IsMatch(File.ReadAllText(file))
                     select Path.GetRelativePath(Source, file)).ToList();
        Assert.Empty(wrong);
    }

    /// <summary>The library's models are not exact; ours must not come to lean on it.</summary>
    [Fact]
    public void Tokenizers_ProjectAndSources_DoNotKnowTheLibrary()
        => Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(Source, "Tokenizers"), "*.cs*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("Microsoft.ML", StringComparison.Ordinal));

    [Fact]
    public void SourceFiles_Length_FitsAFewScreens()
        => Assert.Empty(Sources().Where(file => File.ReadLines(file).Skip(MostLines).Any()).Select(file => Path.GetRelativePath(Source, file)));

    [Fact]
    public void SourceFiles_HoldNothingUnfinished()
        => Assert.Empty(Sources().Where(file => Unfinished().IsMatch(File.ReadAllText(file))).Select(file => Path.GetRelativePath(Source, file)));

    private static IEnumerable<string> Sources(string room = "")
        => Directory.EnumerateFiles(Path.Combine(Source, room), "*.*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is ".cs" or ".cpp" or ".c" or ".h");

    [GeneratedRegex(@"\busing (?:static |\w+ = )?AlpacaCot\.([A-Za-z.]+)\b")]
    private static partial Regex RoomNames();

    [GeneratedRegex(@"\b(class|record|struct|enum|namespace) [\w.]*Bench|""bench [a-z]")]
    private static partial Regex Benchmark();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\bFile\.(Read|Write|Open|Create|Exists|Move|Delete)|\bDirectory\.(Create|Enumerate|Exists|Delete)|(?<!\.)\bEnvironment\.|\bHttpClient\b|using Orleans|TimeProvider\.System")]
    private static partial Regex PureRoomsAvoid();
}
