using System.CommandLine;
using AlpacaCot.Client.Library;

namespace AlpacaCot.Client.Commands;

/// <summary><c>adapter …</c>: what is in an adapter's folder, how two differ, one of several, one into its base.</summary>
internal static class AdapterCommands
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var adapter = new Command("adapter", "Adapters: show, diff, combine, merge").WithExample("adapter show out/lora");
        adapter.Subcommands.Add(new ToolCommand(context, "adapter show", "show", "Show an adapter's method, settings, tensors and their norms", "adapter show out/lora")
            .Argument("adapter", "Adapter directory")
            .Command);
        adapter.Subcommands.Add(new ToolCommand(context, "adapter diff", "diff", "Show in which settings and tensors two adapters differ, and by how much", "adapter diff out/lora out/other")
            .Argument("left", "Adapter directory")
            .Argument("right", "Adapter directory to compare with")
            .Command);
        adapter.Subcommands.Add(new ToolCommand(context, "adapter combine", "combine", "Make one LoRA adapter of several of one base; a PiSSA adapter alone becomes a plain one", "adapter combine out/a out/b --model models/llama-nano --weights 0.7 0.3 --out out/both")
            .Arguments("adapters", "Adapter directories")
            .Required("--model", "Model directory of the base")
            .Required("--out", "Adapter directory to write")
            .Option<string[]>("--weights", "A weight for each adapter (1 each)")
            .Option<string>("--type", "cat (exact, of the ranks' sum), linear, svd, ties, ties_svd, magnitude_prune, magnitude_prune_svd (cat)")
            .Option<int?>("--rank", "Rank of the result of a type that ends in svd; the largest of the adapters' otherwise")
            .Option<double?>("--density", "Share of the values that ties and magnitude_prune keep (0.5)")
            .Option<string>("--majority-sign-method", "How ties elects a sign: total or frequency (total)")
            .Option<bool>("--force", "Replace an adapter that is there already")
            .Command);
        adapter.Subcommands.Add(Merge(context, "adapter merge --model models/llama-nano --adapter out/lora --out models/merged"));
        return adapter;
    }

    /// <summary><c>merge</c>, which stands at the top as well.</summary>
    public static Command Merge(Func<ClientContext> context, string example)
        => new ToolCommand(context, "merge", "merge", "Merge an adapter into its base and verify the logits", example)
            .Required("--model", "Model directory of the base")
            .Required("--adapter", "Adapter directory")
            .Required("--out", "Model directory to write")
            .Option<bool>("--force", "Replace a model that is there already")
            .Option<double?>("--tolerance", "Largest allowed difference of logits, relative to the largest logit (by the type of the base: fp32 0.001, fp16 0.01, bf16 0.05)")
            .Command;
}
