using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AlpacaCot.Files;

/// <summary>What each program of the platform does before anything else, so that it behaves alike wherever it is started.</summary>
public static class ProgramStart
{
    private const int Output = 1, Error = 2;
    private const int GetDescriptorFlags = 1;  // F_GETFD
    private const int CloseOnExec = 1;         // FD_CLOEXEC
    private const uint OthersAndGroup = 0x3F;  // 077

    /// <summary>
    /// The same numbers and texts in every locale; a file that may not grow is an error and no signal; what is printed is shown and not obeyed; and a stream that is closed or full does not end the
    /// program.
    /// </summary>
    /// <param name="results">Whether what the program prints on stdout is what it was run for: where it cannot be printed, it has failed.</param>
    public static void Prepare(bool results)
    {
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
        AtomicFile.IgnoreSizeSignal();
        (Screen, ErrorScreen) = (IsOpen(Output) ? Console.Out : new ClosedWriter("stdout"), IsOpen(Error) ? Console.Error : TextWriter.Null);
        Console.SetOut(new VisibleWriter(Screen, required: results));
        Console.SetError(new VisibleWriter(ErrorScreen, required: false));
    }

    /// <summary>Stdout for what draws on a terminal, and writes control sequences of its own: what it shows of others it makes <see cref="VisibleText"/> itself.</summary>
    public static TextWriter Screen { get; private set; } = TextWriter.Null;

    /// <summary>The same for stderr.</summary>
    public static TextWriter ErrorScreen { get; private set; } = TextWriter.Null;

    /// <summary>Keeps all that this process makes from other users, whatever the mask of whoever started it: for a program that writes nothing but what is its own.</summary>
    public static void KeepFilesPrivate()
    {
        if (!OperatingSystem.IsWindows()) _ = Umask(OthersAndGroup);
    }

    /// <summary>Ends this process at once, whatever its threads do: they are not waited for, and nothing of the libraries is cleaned up under them.</summary>
    public static void End(int code) => Exit(code);

    /// <summary>
    /// Whether the program was started with this descriptor. Where it was not, the next file that is opened has its number, and text would go there; those of this process are closed for its
    /// children, and one that was inherited is not.
    /// </summary>
    private static bool IsOpen(int descriptor) => OperatingSystem.IsWindows() || (Fcntl(descriptor, GetDescriptorFlags) is var flags && flags >= 0 && (flags & CloseOnExec) == 0);

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Fcntl(int descriptor, int command);

    [DllImport("libc", EntryPoint = "umask")]
    private static extern uint Umask(uint mask);

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void Exit(int code);

    /// <summary>Stands for a stream that the program was started without.</summary>
    private sealed class ClosedWriter(string name) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException($"{name} is closed");

        public override void Write(string? value) => throw new IOException($"{name} is closed");
    }
}
