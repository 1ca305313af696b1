using System.CommandLine;
using AlpacaCot.Client.Running;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Commands;

/// <summary><c>sweep …</c>: everything about a grid of trials.</summary>
internal static class SweepCommands
{
    /// <summary>Builds the commands.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var sweep = new Command("sweep", "Sweeps: validate, run, watch, status, report, cancel, resume, ask, list").WithExample("sweep run examples/quickstart.yaml");
        sweep.Subcommands.Add(Validate(context));
        sweep.Subcommands.Add(Run(context));
        sweep.Subcommands.Add(Named("watch", "Follow a sweep until it ends", context, (c, key, json, stop) => SweepRunner.WatchAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Named("status", "Show a sweep and the state of every trial", context, (c, key, json, stop) => SweepRunner.StatusAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Report(context));
        sweep.Subcommands.Add(Named("cancel", "Cancel what is not done yet", context, (c, key, json, stop) => SweepRunner.CancelAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Resume(context));
        sweep.Subcommands.Add(Ask(context));
        sweep.Subcommands.Add(List(context));
        return sweep;
    }

    private static Option<string> ExperimentOption() => new("--experiment") { Description = "The experiment that sweeps belong to (default)", DefaultValueFactory = _ => "default" };

    private static Command Validate(Func<ClientContext> context)
    {
        var file = new Argument<string>("FILE") { Description = "The sweep's YAML" };
        var json = CommandTree.JsonOption();
        var command = new Command("validate", "Check a sweep whole, without running it: every error at once, with line and fix; then the plan") { file, json }.WithExample("sweep validate examples/quickstart.yaml");
        command.SetAction((parsed, stop) => SweepRunner.ValidateAsync(context(), parsed.GetValue(file)!, parsed.GetValue(json), stop));
        return command;
    }

    private static Command Run(Func<ClientContext> context)
    {
        var file = new Argument<string>("FILE") { Description = "The sweep's YAML" };
        var name = new Option<string?>("--name") { Description = "Name of this run (the sweep's own name)" };
        var slots = new Option<int?>("--slots") { Description = "CPU slots of a silo that this command starts (1)" };
        var fresh = new Option<bool>("--fresh") { Description = "Compute everything anew; otherwise adapters and results that other sweeps of this home have computed with equal keys are taken over" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("run", "Run a sweep to its end and print the summary; starts a silo where none runs") { file, name, slots, fresh, experiment, json }.WithExample("sweep run examples/quickstart.yaml --name first");
        command.SetAction((parsed, stop) => SweepRunner.RunAsync(
            context(), parsed.GetValue(file)!, parsed.GetValue(name), parsed.GetValue(experiment)!, parsed.GetValue(slots), parsed.GetValue(fresh), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Resume(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var retry = new Option<bool>("--retry-failed") { Description = "Try failed trials again as well" };
        var slots = new Option<int?>("--slots") { Description = "CPU slots of a silo that this command starts (1)" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("resume", "Take up what a crash or a cancellation left undone, and follow it to the end") { name, retry, slots, experiment, json }.WithExample("sweep resume first");
        command.SetAction((parsed, stop) => SweepRunner.ResumeAsync(
            context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(retry), parsed.GetValue(slots), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Ask(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var trial = new Argument<string>("TRIAL") { Description = "The trial's name; sweep status shows them" };
        var prompt = new Option<string>("--prompt") { Description = "The instruction; the template and the cue of the trial are applied", Required = true };
        var raw = new Option<bool>("--raw") { Description = "Take the prompt as it is" };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Most new tokens", DefaultValueFactory = _ => 128 };
        var temperature = new Option<double>("--temperature") { Description = "Sample at this temperature; greedy otherwise" };
        var topP = new Option<double>("--top-p") { Description = "Sample from the smallest set of tokens of this mass (1: all)", DefaultValueFactory = _ => 1 };
        var topK = new Option<int>("--top-k") { Description = "Sample from the k most likely tokens (0: all)" };
        var penalty = new Option<double>("--repetition-penalty") { Description = "Makes tokens seen before less likely (1: off)", DefaultValueFactory = _ => 1 };
        var stops = new Option<string[]>("--stop") { Description = "Texts that end the answer", AllowMultipleArgumentsPerToken = true };
        var seed = new Option<long>("--seed") { Description = "Seed of the sampler" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("ask", "Ask a finished trial's model through its server; tokens are printed as they come")
            { name, trial, prompt, raw, tokens, temperature, topP, topK, penalty, stops, seed, experiment, json }.WithExample("sweep ask first base+lora+data+none+s0 --prompt \"2 + 3\"");
        command.SetAction((parsed, stop) => SweepAsking.RunAsync(
            context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(trial)!,
            new GenerateRequest
            {
                Prompt = parsed.GetValue(prompt)!, Raw = parsed.GetValue(raw), MaxNewTokens = parsed.GetValue(tokens), Temperature = parsed.GetValue(temperature),
                TopP = parsed.GetValue(topP), TopK = parsed.GetValue(topK), RepetitionPenalty = parsed.GetValue(penalty), Stop = parsed.GetValue(stops) ?? [], Seed = parsed.GetValue(seed),
            },
            parsed.GetValue(json), stop));
        return command;
    }

    private static Command List(Func<ClientContext> context)
    {
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("list", "List the sweeps of an experiment") { experiment, json }.WithExample("sweep list");
        command.SetAction((parsed, stop) => SweepRunner.ListAsync(context(), parsed.GetValue(experiment)!, parsed.GetValue(json), stop));
        return command;
    }

    private static Command Report(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var open = new Option<bool>("--open") { Description = "Open it in the browser" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("report", "Write the report anew and say where it is") { name, open, experiment, json }.WithExample("sweep report first --open");
        command.SetAction((parsed, stop) => SweepRunner.ReportAsync(
            context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(open), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Named(string verb, string description, Func<ClientContext> context, Func<ClientContext, SweepName, bool, CancellationToken, Task<int>> action)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command(verb, description) { name, experiment, json }.WithExample($"sweep {verb} first");
        command.SetAction((parsed, stop) => action(context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(json), stop));
        return command;
    }
}
