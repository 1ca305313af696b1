namespace AlpacaCot.Files;

/// <summary>The platform's home cannot be used; the message is one line that names the folder and the fix.</summary>
public sealed class HomeException : Exception
{
    /// <summary>Creates the exception.</summary>
    public HomeException(string message, Exception? cause = null) : base(message, cause) { }
}
