namespace AlpacaCot.Worker.Tools;

/// <summary>A tool was asked for something it cannot do; one line for people.</summary>
internal sealed class ToolException(string message) : Exception(message);
