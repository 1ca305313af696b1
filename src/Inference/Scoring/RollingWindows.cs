
namespace AlpacaCot.Inference.Scoring;

/// <summary>One window of a long text: ids that are predicted after a context.</summary>
/// <param name="Context">What precedes: at least one id.</param>
/// <param name="Predicted">The ids that this window predicts.</param>
public sealed record RollingWindow(int[] Context, int[] Predicted);

/// <summary>A window's part of a rolling log-likelihood, in nats.</summary>
/// <param name="ContextLength">Ids of context.</param>
/// <param name="Predicted">Ids predicted.</param>
/// <param name="FirstContextId">The first id of the context.</param>
/// <param name="Sum">Σ log p of the predicted ids.</param>
public sealed record WindowScore(int ContextLength, int Predicted, int FirstContextId, double Sum);

/// <summary>The log-likelihood of a whole text, in nats.</summary>
/// <param name="Sum">Σ over the windows.</param>
/// <param name="Windows">The windows' parts.</param>
public sealed record RollingScore(double Sum, IReadOnlyList<WindowScore> Windows);

/// <summary>
/// Windows over a text longer than the model's, as lm-eval cuts them: every id is predicted once; the first window begins with the prefix token,
/// each later one predicts up to <c>maxLength</c> further ids after as many preceding ones as fit (one, for a full window).
/// </summary>
public static class RollingWindows
{
    /// <summary>Cuts <paramref name="ids"/> for a model that is fed at most <paramref name="maxLength"/> tokens; nothing for an empty text.</summary>
    public static IReadOnlyList<RollingWindow> Of(ReadOnlySpan<int> ids, int prefixId, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        var windows = new List<RollingWindow>();
        if (ids.Length == 0) return windows;
        var predicted = Math.Min(maxLength, ids.Length);
        windows.Add(new RollingWindow([prefixId], ids[..predicted].ToArray()));
        while (predicted < ids.Length)
        {
            var count = Math.Min(ids.Length - predicted, maxLength);
            var end = predicted + count;
            var start = Math.Max(0, end - maxLength - 1);
            windows.Add(new RollingWindow(ids[start..predicted].ToArray(), ids[predicted..end].ToArray()));
            predicted = end;
        }
        return windows;
    }
}
