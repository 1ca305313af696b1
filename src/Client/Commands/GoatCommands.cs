using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Client.Commands;

/// <summary><c>data goat …</c>: the arithmetic generator and the check of answers step by step.</summary>
internal static class GoatCommands
{
    /// <summary>Builds the commands.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var goat = new Command("goat", "Arithmetic in Goat's form: generate rows, show the cells, verify answers step by step").WithExample("data goat generate --paper --out goat.jsonl");
        goat.Subcommands.Add(new ToolCommand(context, "data goat generate", "generate", "Write rows as JSON lines: instruction, input, output, answer", "data goat generate --operations multiply divide --digits 2 6 --count 50000 --out rows.jsonl")
            .Keys("goat", GoatCommandOptions.All, GoatCommandOptions.Read)
            .Required("--out", "The file to write")
            .Option<bool>("--force", "Replace a file that is there already")
            .Option<long?>("--seed", "Seed of the questions and their wording (0)")
            .Option<int?>("--threads", "Threads that write; the rows are the same with any number (all cores)")
            .Command);
        goat.Subcommands.Add(new ToolCommand(context, "data goat cells", "cells", "Show what is drawn and how often, cell by cell", "data goat cells --paper")
            .Keys("goat", GoatCommandOptions.All, GoatCommandOptions.Read)
            .Command);
        goat.Subcommands.Add(new ToolCommand(context, "data goat verify", "verify", "Check every step of worked answers, and say where each first goes wrong", "data goat verify rows.jsonl --answer prediction")
            .Argument("FILE", "JSON lines, a JSON array or .csv with the question as a clean expression (12 * 34) and the answer")
            .Option<string>("--question", "The field of the question (input)")
            .Option<string>("--answer", "The field of the answer (output)")
            .Command);
        return goat;
    }
}
