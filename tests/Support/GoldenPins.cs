using Xunit;

namespace AlpacaCot.Tests;

/// <summary>
/// Golden cases that must run, written down by their folders. Tests skip what the product does not know yet; without this list a feature that was lost
/// would turn its cases into skips and fail nothing.
/// </summary>
/// <param name="kind">The kind of the cases in their <c>golden.json</c>.</param>
/// <param name="folders">Their folders under the golden root.</param>
public sealed class GoldenPins(string kind, params string[] folders)
{
    /// <summary>
    /// Fails where continuous integration finds fewer cases on the root beside the checkout than are pinned. Another root, named by the variable, may hold others.
    /// </summary>
    public void RequireFound()
    {
        Assert.SkipUnless(Golden.ArePinned, "that the pinned golden cases are there is checked where CI=true and no other root is named");
        var found = Golden.Folders(kind).Select(row => (string)row[0]).Where(folder => !folder.StartsWith('(')).ToHashSet(StringComparer.Ordinal);
        Assert.True(found.Count >= folders.Length, $"{found.Count} golden cases of kind {kind} under {Golden.Root ?? "(no golden root)"}, {folders.Length} are pinned");
        var missing = folders.Where(folder => !found.Contains(folder)).ToList();
        Assert.True(missing.Count == 0, $"pinned golden cases of kind {kind} are missing: {string.Join(", ", missing)}");
    }

    /// <summary>Skips a case for which something is not built, and fails a pinned one.</summary>
    /// <param name="built">Whether it is.</param>
    /// <param name="folder">The case.</param>
    /// <param name="reason">What is not.</param>
    public void SkipUnless(bool built, string folder, string reason)
    {
        if (built) return;
        Assert.False(folders.Contains(folder), $"{folder} is pinned and must run, but: {reason}");
        Assert.Skip(reason);
    }
}
