namespace AlpacaCot.Specs.Parsing;

/// <summary>One key of a section: its meaning for <c>--help</c>, and how it is read and judged, wherever it is written.</summary>
internal sealed record Setting<T>(string Key, string Meaning, Func<MapReader, T, T> Read);
