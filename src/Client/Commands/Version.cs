using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;
using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Commands;

/// <summary><c>--version</c>: which version this is, and what it runs on.</summary>
internal static class Version
{
    /// <summary>The option of the program itself.</summary>
    /// <param name="json">Whether a JSON document is asked for.</param>
    public static Option<bool> Option(Option<bool> json) => new("--version") { Description = "Print the version", Action = new Print(json) };

    private sealed class Print(Option<bool> json) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var ((version, commit), (orleans, _)) = (Of(typeof(Version)), Of(typeof(IGrainFactory)));
            var output = parseResult.InvocationConfiguration.Output;
            if (parseResult.GetValue(json)) output.WriteLine(System.Text.Json.JsonSerializer.Serialize(new { version, commit, runtime = RuntimeInformation.FrameworkDescription, orleans }, ClientJson.Options));
            else output.WriteLine($"alpacacot {version}{(commit is null ? "" : $" ({commit})")}, {RuntimeInformation.FrameworkDescription}, Orleans {orleans}");
            return ExitCodes.Done;
        }

        /// <summary>The version that a build wrote, and the commit after a plus sign where it knew it.</summary>
        private static (string Version, string? Commit) Of(Type type)
        {
            var parts = type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+', 2);
            // Orleans writes '10.4.2. Commit Hash: …'.
            return (parts[0].Split(' ', 2)[0].TrimEnd('.'), parts.Length > 1 ? parts[1] : null);
        }
    }
}
