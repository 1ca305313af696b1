using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Tests.Specs;

namespace AlpacaCot.Tests.Experiments;

/// <summary>Sweep files that several tests read.</summary>
internal static class Specs
{
    public const string Example = SweepFiles.Example;

    public const string Smallest = SweepFiles.Smallest;

    public static SweepSpec ExampleSpec => SweepFiles.ExampleSpec;

    public static Grid Expand(this SweepSpec spec) => GridExpander.Expand(spec, SpecIdentities.None);
}
