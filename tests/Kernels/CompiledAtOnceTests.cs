using System.Reflection;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

/// <summary>A loop over numbers that is compiled quickly first loads and stores every element: the first answers of a model would be computed with that.</summary>
public class CompiledAtOnceTests
{
    private static readonly MethodInfo[] _bodies =
        [.. typeof(Threads).Assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(method => method.GetParameters() is [{ ParameterType: { IsPointer: true } first }, { ParameterType: var second }] && first == typeof(void).MakePointerType() && second == typeof(int))];

    [Fact]
    public void BodiesOfParallelLoops_AreCompiledWellAtTheFirstCall()
    {
        Assert.True(_bodies.Length > 20, $"{_bodies.Length} bodies found");
        Assert.All(_bodies, body => Assert.True(body.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveOptimization), $"{body.DeclaringType!.Name}.{body.Name} lacks AggressiveOptimization"));
    }
}
