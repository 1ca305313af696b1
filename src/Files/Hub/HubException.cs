namespace AlpacaCot.Files.Hub;

/// <summary>A file that could not be fetched, or is not what it should be; the message names the file, the cause and the way out.</summary>
public sealed class HubException : Exception
{
    /// <summary>Creates the exception.</summary>
    public HubException(string message, Exception? cause = null) : base(message, cause) { }
}
