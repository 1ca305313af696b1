using System.Text.Json.Serialization;
using AlpacaCot.Specs;

namespace AlpacaCot.Grains.Contracts;

/// <summary>What a sweep is made of.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.SweepDetails.v2")]
public sealed record SweepDetails
{
    /// <summary>Its name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>As <see cref="SweepStatus.State"/>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>When it was submitted.</summary>
    [Id(2)] public DateTimeOffset Submitted { get; init; }

    /// <summary>The specification.</summary>
    [Id(3), JsonConverter(typeof(SweepSpecConverter))] public required SweepSpec Specification { get; init; }

    /// <summary>What relative paths in it count from.</summary>
    [Id(4)] public required string BaseDirectory { get; init; }

    /// <summary>Where its files are.</summary>
    [Id(5)] public required string Directory { get; init; }

    /// <summary>The report's page, once it is written.</summary>
    [Id(6)] public string? Report { get; init; }

    /// <summary>Its trials with their states, in the order of the grid.</summary>
    [Id(7)] public TrialStatus[] Trials { get; init; } = [];

    /// <summary>Adapters, result files and checkpoints that its record refers to; some may be the home's shared ones.</summary>
    [Id(8)] public string[] Files { get; init; } = [];
}

/// <summary>All that is known of one trial.</summary>
[GenerateSerializer, Immutable, Alias("alpaca.TrialDetails.v2")]
public sealed record TrialDetails
{
    /// <summary>Its state, as the sweep's status tells it.</summary>
    [Id(0)] public required TrialStatus Trial { get; init; }

    /// <summary>What is trained and how it is asked.</summary>
    [Id(1)] public required TrialSpec Configuration { get; init; }

    /// <summary>The base model, as the sweep names it.</summary>
    [Id(2)] public required string Base { get; init; }

    /// <summary>How the base is held: <c>bf16</c> or <c>fp32</c>.</summary>
    [Id(3)] public required string Precision { get; init; }

    /// <summary>The cue that is appended to instructions, or null.</summary>
    [Id(4)] public string? Cue { get; init; }

    /// <summary>The adapter's directory; null before it is trained.</summary>
    [Id(5)] public string? Adapter { get; init; }

    /// <summary>Hash of the adapter's weights.</summary>
    [Id(6)] public string? AdapterSha256 { get; init; }

    /// <summary>Optimiser steps that were taken.</summary>
    [Id(7)] public int Steps { get; init; }

    /// <summary>The last loss.</summary>
    [Id(8)] public double? Loss { get; init; }

    /// <summary>Seconds that its pack trained.</summary>
    [Id(9)] public double? Seconds { get; init; }

    /// <summary>Tokens that it was trained on, padding not counted.</summary>
    [Id(10)] public long? Tokens { get; init; }

    /// <summary>The slot that has it, or had it last.</summary>
    [Id(11)] public string? Slot { get; init; }

    /// <summary>The trial's log: what happened to it, and when.</summary>
    [Id(12)] public required string Log { get; init; }

    /// <summary>Other trials that ask the same adapter.</summary>
    [Id(13)] public string[] SharedWith { get; init; } = [];

    /// <summary>What it was asked.</summary>
    [Id(14)] public TrialResult[] Results { get; init; } = [];

    /// <summary>Key of the training: equal where everything is that changes trained weights; null of an untuned base.</summary>
    [Id(15)] public string? TrainingKey { get; init; }

    /// <summary>Key of the trial: the training's, or the base's, and how it is asked.</summary>
    [Id(16)] public required string TrialKey { get; init; }

    /// <summary>What a relative path of the base counts from, before the home's models.</summary>
    [Id(17)] public required string BaseDirectory { get; init; }

    /// <summary>The template that an untuned base is asked through; null of a tuned trial, whose adapter brings its own.</summary>
    [Id(18)] public string? Template { get; init; }
}

/// <summary>One evaluation of a trial.</summary>
/// <param name="Evaluation">Its name in the sweep.</param>
/// <param name="Metrics">Metric to value; none where it failed.</param>
/// <param name="Items">Items asked.</param>
/// <param name="Seconds">Seconds that it took.</param>
/// <param name="File">The result file, in lm-eval's schema; its samples lie beside it.</param>
/// <param name="Problem">Why it has no result.</param>
[GenerateSerializer, Immutable, Alias("alpaca.TrialResult.v1")]
public sealed record TrialResult(
    [property: Id(0)] string Evaluation, [property: Id(1)] Dictionary<string, double> Metrics, [property: Id(2)] int Items, [property: Id(3)] double Seconds, [property: Id(4)] string? File,
    [property: Id(5)] string? Problem);
