using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Commands;

/// <summary><c>data goat …</c>: the arithmetic generator and the check of answers step by step.</summary>
internal static class GoatCommands
{
    /// <summary>Builds the commands.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var goat = new Command("goat", "Arithmetic in Goat's form: generate rows, show the cells, verify answers step by step").WithExample("data goat generate --paper --out goat.jsonl");
        goat.Subcommands.Add(ToolCommand.For(context, new GenerateGoatRequest { Goat = null!, Out = "" }, "generate", "Write rows as JSON lines: instruction, input, output, answer", "data goat generate --operations multiply divide --digits 2 6 --count 50000 --out rows.jsonl")
            .Keys(GoatCommandOptions.All, GoatCommandOptions.Read, (r, v) => r with { Goat = v })
            .Required("--out", "The file to write", (r, v) => r with { Out = v })
            .Flag("--force", "Replace a file that is there already", (r, v) => r with { Force = v })
            .Seed("Seed of the questions and their wording (0)", (r, v) => r with { Seed = v })
            .Threads("Threads that write; the rows are the same with any number (all cores)", (r, v) => r with { Threads = v })
            .Command);
        goat.Subcommands.Add(ToolCommand.For(context, new GoatCellsRequest { Goat = null! }, "cells", "Show what is drawn and how often, cell by cell", "data goat cells --paper")
            .Keys(GoatCommandOptions.All, GoatCommandOptions.Read, (r, v) => r with { Goat = v })
            .Command);
        goat.Subcommands.Add(ToolCommand.For(context, new VerifyGoatRequest { File = "" }, "verify", "Check every step of worked answers, and say where each first goes wrong", "data goat verify rows.jsonl --answer prediction")
            .Argument("FILE", "JSON lines, a JSON array or .csv with the question as a clean expression (12 * 34) and the answer", (r, v) => r with { File = v })
            .Text("--question", "The field of the question (input)", (r, v) => r with { Question = v })
            .Text("--answer", "The field of the answer (output)", (r, v) => r with { Answer = v })
            .Command);
        return goat;
    }
}
