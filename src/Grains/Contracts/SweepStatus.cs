namespace AlpacaCot.Grains.Contracts;

/// <summary>State of a sweep and of its trials.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepStatus.v1")]
public sealed record SweepStatus
{
    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary><c>unknown</c>, <c>running</c>, <c>interrupted</c> (not done, and nothing drives it), <c>done</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>Its trials in the order of the grid.</summary>
    [Id(2)] public required TrialStatus[] Trials { get; init; }

    /// <summary>Sequence number of the last event.</summary>
    [Id(3)] public long Sequence { get; init; }

    /// <summary>The report's page, once it is written; its figures lie beside it, in <c>report.json</c>.</summary>
    [Id(4)] public string? Report { get; init; }

    /// <summary>Its packs.</summary>
    [Id(6)] public PackStatus[] Packs { get; init; } = [];

    /// <summary>Why the sweep's record cannot be written (a full disk); null where it can.</summary>
    [Id(7)] public string? Problem { get; init; }

    /// <summary>Whether a silo drives it now. One that is not done and that nothing drives was left over: resuming takes it up.</summary>
    [Id(8)] public bool Driven { get; init; }
}

/// <summary>How far a sweep is.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepProgress.v1")]
public sealed record SweepProgress
{
    /// <summary>Packs that are told of at most; those that slots have come first.</summary>
    public const int MostPacks = 12;

    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>As <see cref="SweepStatus.State"/>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>How many trials it has.</summary>
    [Id(2)] public int Trials { get; init; }

    /// <summary>Trials that have succeeded.</summary>
    [Id(3)] public int Done { get; init; }

    /// <summary>Trials that have failed.</summary>
    [Id(4)] public int Failed { get; init; }

    /// <summary>Some of its packs.</summary>
    [Id(5)] public PackStatus[] Packs { get; init; } = [];

    /// <summary>As <see cref="SweepStatus.Problem"/>.</summary>
    [Id(6)] public string? Problem { get; init; }

    /// <summary>As <see cref="SweepStatus.Driven"/>.</summary>
    [Id(7)] public bool Driven { get; init; }
}

/// <summary>State of a trial.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TrialStatus.v1")]
public sealed record TrialStatus
{
    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary><c>pending</c>, <c>leased</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>The fence under which its result was accepted, or it runs.</summary>
    [Id(2)] public long Fence { get; init; }

    /// <summary>Attempts that counted.</summary>
    [Id(3)] public int Attempts { get; init; }

    /// <summary>Its metrics by <c>suite/metric</c>.</summary>
    [Id(4)] public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>Why it failed.</summary>
    [Id(5)] public string? Message { get; init; }

    /// <summary>The training that it asks.</summary>
    [Id(6)] public string? Training { get; init; }

    /// <summary>The other sweep that its adapter or a result was taken over from; null where all of it is this sweep's.</summary>
    [Id(7)] public string? TakenOverFrom { get; init; }
}

/// <summary>State of a pack.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.PackStatus.v1")]
public sealed record PackStatus(
    [property: Id(0)] string Name, [property: Id(1)] string State, [property: Id(2)] string? Slot, [property: Id(3)] long Fence, [property: Id(4)] int Attempts,
    [property: Id(5)] int Members, [property: Id(6)] long Step, [property: Id(7)] long Total, [property: Id(8)] double? Loss, [property: Id(9)] double? TokensPerSecond,
    [property: Id(10)] string? Message)
{
    /// <summary>What it is doing and, where one of several, of whom: <c>train</c>, <c>evaluate</c>; null where its worker has not said so.</summary>
    [Id(11)] public string? Phase { get; init; }

    /// <summary>Seconds until the phase has ended, by its speed so far; null where that is not known.</summary>
    [Id(12)] public double? SecondsLeft { get; init; }
}
