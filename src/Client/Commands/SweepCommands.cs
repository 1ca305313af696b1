using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Client.Commands;

/// <summary><c>sweep …</c>: everything about a grid of trials.</summary>
internal static class SweepCommands
{
    /// <summary>Builds the commands.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var sweep = new Command("sweep", "Sweeps: validate, run, watch, status, show, ask, report, cancel, resume, delete, list").WithExample("sweep run examples/quickstart.yaml");
        sweep.Subcommands.Add(Validate(context));
        sweep.Subcommands.Add(Run(context));
        sweep.Subcommands.Add(Named("watch", "Follow a sweep until it ends", context, (c, key, json, stop) => SweepRunner.WatchAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Named("status", "Show a sweep and the state of every trial", context, (c, key, json, stop) => SweepRunner.StatusAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Show(context));
        sweep.Subcommands.Add(Report(context));
        sweep.Subcommands.Add(Named("cancel", "Cancel what is not done yet", context, (c, key, json, stop) => SweepRunner.CancelAsync(c, key, json, stop)));
        sweep.Subcommands.Add(Resume(context));
        sweep.Subcommands.Add(Ask(context));
        sweep.Subcommands.Add(Delete(context));
        sweep.Subcommands.Add(List(context));
        return sweep;
    }

    private static Option<string> ExperimentOption() => new("--experiment") { Description = "The experiment that sweeps belong to (default)", DefaultValueFactory = _ => SweepName.DefaultExperiment };

    private static Command Validate(Func<ClientContext> context)
    {
        var file = new Argument<string>("FILE") { Description = "The sweep's YAML" };
        var slots = new Option<int?>("--slots") { Description = "Slots that the plan is made for (those of the silo that runs, else 1)" }.Within(1, PlatformCluster.MostSlots);
        var json = CommandTree.JsonOption();
        var command = new Command("validate", "Check a sweep whole, without running it: every error at once, with line and fix; then the plan") { file, slots, json }.WithExample("sweep validate examples/quickstart.yaml");
        command.SetAction((parsed, stop) => SweepRunner.ValidateAsync(context(), parsed.GetValue(file)!, parsed.GetValue(slots), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Run(Func<ClientContext> context)
    {
        var file = new Argument<string>("FILE") { Description = "The sweep's YAML" };
        var name = new Option<string?>("--name") { Description = "Name of this run (the sweep's own name)" };
        var slots = new Option<int?>("--slots") { Description = "CPU slots of a silo that this command starts (1)" }.Within(1, PlatformCluster.MostSlots);
        var fresh = new Option<bool>("--fresh") { Description = "Compute everything anew; otherwise adapters and results that other sweeps of this home have computed with equal keys are taken over" };
        var detach = new Option<bool>("--detach") { Description = "Return once the sweep is submitted; it goes on by itself, and sweep watch follows it" };
        var force = new Option<bool>("--force") { Description = "Where another file's sweep of that name is there already, delete that one first, with its files" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("run", "Run a sweep to its end and print the summary; starts a silo where none runs") { file, name, slots, fresh, detach, force, experiment, json }.WithExample("sweep run examples/quickstart.yaml --name first\nsweep run examples/quickstart.yaml --detach");
        command.SetAction((parsed, stop) => SweepRunner.RunAsync(
            context(),
            new RunRequest(
                parsed.GetValue(file)!, parsed.GetValue(name), parsed.GetValue(experiment)!, parsed.GetValue(slots), parsed.GetValue(fresh), parsed.GetValue(detach), parsed.GetValue(force)),
            parsed.GetValue(json), stop));
        return command;
    }

    private static Command Show(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var trial = new Argument<string?>("TRIAL") { Description = "One of its trials", Arity = ArgumentArity.ZeroOrOne };
        var samples = new Option<int>("--samples") { Description = "How many questions of each evaluation are shown, right and wrong ones (4)", DefaultValueFactory = _ => 4 }.Within(0);
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("show", "Show a sweep's specification and trials, or one trial: its settings, adapter, log, metrics, samples, and the commands that use it")
            { name, trial, samples, experiment, json }.WithExample("sweep show first\nsweep show first nano+lora+data+none+s0");
        command.SetAction((parsed, stop) => SweepShowing.RunAsync(
            context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(trial), parsed.GetValue(samples), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Delete(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var keep = new Option<bool>("--keep-adapters") { Description = "Keep its adapters, in the home's adapters/" };
        var force = new Option<bool>("--force") { Description = "Cancel it first where it is not done" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("delete", "Delete a sweep that has ended: its record and its files") { name, keep, force, experiment, json }.WithExample("sweep delete first --keep-adapters");
        command.SetAction((parsed, stop) => SweepDeleting.RunAsync(
            context(), new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(keep), parsed.GetValue(force), parsed.GetValue(json), stop));
        return command;
    }

    private static Command Resume(Func<ClientContext> context)
    {
        var name = new Argument<string>("NAME") { Description = "The sweep's name" };
        var retry = new Option<bool>("--retry-failed") { Description = "Try failed trials again as well" };
        var slots = new Option<int?>("--slots") { Description = "CPU slots of a silo that this command starts (1)" }.Within(1, PlatformCluster.MostSlots);
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
        var trials = new Argument<string[]>("TRIAL") { Description = "Trials, side by side where there are several; sweep status shows their names", Arity = ArgumentArity.OneOrMore };
        var prompt = new Option<string?>("--prompt") { Description = "The instruction; the template and the cue of the trial are applied. Without it, instructions are read from stdin, a line each, and the models stay loaded" };
        var raw = new Option<bool>("--raw") { Description = "Take the prompt as it is" };
        var answers = new Option<int>("--num-return-sequences") { Description = "Answers: so many draws, or the best so many beams", DefaultValueFactory = _ => 1 }.Within(1, 1024);
        var logprobs = new Option<int?>("--logprobs") { Description = "With --json, the log-probability of each token, and of the N most likely ones beside it" }.Within(0, 1000);
        var seed = new Option<long>("--seed") { Description = "Seed of the sampler" };
        var experiment = ExperimentOption();
        var json = CommandTree.JsonOption();
        var command = new Command("ask", "Ask trained trials' models, one or several side by side; tokens are printed as they come")
            { name, trials, prompt, raw, answers, logprobs, seed, experiment, json }.WithExample("sweep ask first base+lora+data+none+s0 --prompt \"2 + 3\"\nsweep ask first base+lora+data+none+s0 base+ia3+data+none+s0");
        var decoding = new KeyedOptions<DecodingSpec>(command, AskingOptions.Decoding, AskingOptions.ReadDecoding);
        command.SetAction((parsed, stop) => SweepAsking.RunAsync(
            context(), new AskRequest(new SweepName(parsed.GetValue(experiment)!, parsed.GetValue(name)!), parsed.GetValue(trials)!, parsed.GetValue(prompt), new GenerateRequest
            {
                Prompt = "", Raw = parsed.GetValue(raw), Decoding = decoding.Read(parsed.CommandResult, out _), Seed = parsed.GetValue(seed), Answers = parsed.GetValue(answers), Logprobs = parsed.GetValue(logprobs),
            }),
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
