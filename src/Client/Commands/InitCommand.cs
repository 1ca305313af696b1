using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Commands;

/// <summary><c>init</c>: a first sweep to begin from.</summary>
internal static class InitCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var file = new Argument<string>("FILE") { Description = "The file to write (sweep.yaml)", DefaultValueFactory = _ => "sweep.yaml" };
        var model = new Option<string?>("--model") { Description = "The base: a folder, or a name under the home's models (one that is there; where there is none, a small one is trained first)" };
        var force = new Option<bool>("--force") { Description = "Write over a file that is there already" };
        var json = CommandTree.JsonOption();
        var command = new Command("init", "Write a first sweep to begin from: it runs as it stands, and says what each line is for") { file, model, force, json }.WithExample("init my-study.yaml --model models/llama-nano");
        command.SetAction((parsed, stop) => Starter.RunAsync(context(), parsed.GetValue(file)!, parsed.GetValue(model), parsed.GetValue(force), parsed.GetValue(json), stop));
        return command;
    }
}
