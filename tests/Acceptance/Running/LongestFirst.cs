using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(AlpacaCot.Tests.Acceptance.LongestFirst))]

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Classes that take minutes begin first: one that began last would run alone at the end, on one core.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] _long = [nameof(CrashTests), nameof(WalkTests), nameof(BadInputTests), nameof(SharedWorkTests), nameof(SweepTests)];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections) where TTestCollection : ITestCollection
        => [.. testCollections.OrderByDescending(collection => Array.FindIndex(_long, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is var at && at < 0 ? 0 : _long.Length - at)];
}
