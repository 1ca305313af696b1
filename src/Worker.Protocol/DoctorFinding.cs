namespace AlpacaCot.Worker.Protocol;

/// <summary>What <c>doctor</c> found about one thing.</summary>
/// <param name="Check">What was looked at: <c>libtorch</c>, <c>disk</c>.</param>
/// <param name="State">Whether it is as it should be.</param>
/// <param name="Found">What is there.</param>
/// <param name="Fix">What to do where something is wrong or could be better; null where there is nothing to do.</param>
public sealed record DoctorFinding(string Check, DoctorState State, string Found, string? Fix = null);

/// <summary>Whether a finding is good.</summary>
public enum DoctorState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, but slower or with less than it could.</summary>
    Note,

    /// <summary>Something will not work.</summary>
    Problem,
}
