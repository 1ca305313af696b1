using System.CommandLine;

namespace AlpacaCot.Client.Commands;

/// <summary>The help of the program itself: every command in a line, on one screen.</summary>
internal static class RootHelp
{
    /// <summary>The top-level commands in groups, each in a few words; the commands' own help has the rest.</summary>
    private static readonly (string Group, (string Name, string What)[] Commands)[] _groups =
    [
        ("Begin", [
            ("quickstart", "two small bases, a real sweep over them, its report"), ("init", "a first sweep of your own, which runs as it stands"), ("doctor", "what is found on this machine, each with a fix"),
            ("list", "models, methods, data, suites, templates, schedules"), ("show", "one of them, with every option and its default"),
        ]),
        ("Sweeps", [("sweep", "")]),
        ("Models", [
            ("train", "one adapter on one base"), ("eval", "suites on a model"), ("generate", "continue a prompt"), ("merge", "an adapter into its base"), ("model", ""), ("tokenizer", ""), ("data", ""),
        ]),
        ("Home", [("silo", "the host that drives sweeps and serves models"), ("disk", "what lies in the home; disk clean")]),
    ];

    /// <summary>Prints it: a command of its own in a line of a few words; one with commands below it by their names.</summary>
    public static void Print(Command root, TextWriter output)
    {
        const int Indent = 13, Width = 80;
        output.WriteLine(root.Description);
        foreach (var (group, commands) in _groups)
        {
            output.WriteLine(group);
            foreach (var (name, what) in commands)
            {
                var line = $"  {name.PadRight(Indent - 2)}";
                foreach (var word in (what.Length > 0 ? what : string.Join(", ", root.Subcommands.First(command => command.Name == name).Subcommands.Select(sub => sub.Name))).Split(' '))
                {
                    if (line.Length + word.Length >= Width)
                    {
                        output.WriteLine(line.TrimEnd());
                        line = new string(' ', Indent);
                    }
                    line += word + " ";
                }
                output.WriteLine(line.TrimEnd());
            }
        }
        output.WriteLine("Each has --help with an example, and --json. Also: --version; test; bench NAME");
    }
}
