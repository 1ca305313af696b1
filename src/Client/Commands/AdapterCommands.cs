using System.CommandLine;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Commands;

/// <summary><c>adapter …</c>: what is in an adapter's folder, how two differ, one of several, one into its base.</summary>
internal static class AdapterCommands
{
    /// <summary>Builds the command.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var adapter = new Command("adapter", "Adapters: show, diff, combine, merge").WithExample("adapter show out/lora");
        adapter.Subcommands.Add(ToolCommand.For(context, new ShowAdapterRequest { Adapter = "" }, "show", "Show an adapter's method, settings, tensors and their norms", "adapter show out/lora")
            .Argument("adapter", "Adapter directory", (r, v) => r with { Adapter = v })
            .Command);
        adapter.Subcommands.Add(ToolCommand.For(context, new CompareAdaptersRequest { Left = "", Right = "" }, "diff", "Show in which settings and tensors two adapters differ, and by how much", "adapter diff out/lora out/other")
            .Argument("left", "Adapter directory", (r, v) => r with { Left = v })
            .Argument("right", "Adapter directory to compare with", (r, v) => r with { Right = v })
            .Command);
        adapter.Subcommands.Add(ToolCommand.For(context, new CombineAdaptersRequest { Adapters = [], Model = "", Out = "" }, "combine", "Make one LoRA adapter of several of one base; a PiSSA adapter alone becomes a plain one", "adapter combine out/a out/b --model models/llama-nano --weights 0.7 0.3 --out out/both")
            .Arguments("adapters", "Adapter directories", (r, v) => r with { Adapters = v })
            .Required("--model", "Model directory of the base", (r, v) => r with { Model = v })
            .Required("--out", "Adapter directory to write", (r, v) => r with { Out = v })
            .Numbers("--weights", "A weight for each adapter (1 each)", (r, v) => r with { Weights = v })
            .Text("--type", "cat (exact, of the ranks' sum), linear, svd, ties, ties_svd, magnitude_prune, magnitude_prune_svd (cat)", (r, v) => r with { Type = v })
            .Whole("--rank", "Rank of the result of a type that ends in svd; the largest of the adapters' otherwise", 1, 4096, (r, v) => r with { Rank = v })
            .Number("--density", "Share of the values that ties and magnitude_prune keep (0.5)", 1, (r, v) => r with { Density = v }, above: true)
            .Text("--majority-sign-method", "How ties elects a sign: total or frequency (total)", (r, v) => r with { MajoritySignMethod = v })
            .Flag("--force", "Replace an adapter that is there already", (r, v) => r with { Force = v })
            .Command);
        adapter.Subcommands.Add(Merge(context, "adapter merge --model models/llama-nano --adapter out/lora --out models/merged"));
        return adapter;
    }

    /// <summary><c>merge</c>, which stands at the top as well.</summary>
    public static Command Merge(Func<ClientContext> context, string example)
        => ToolCommand.For(context, new MergeRequest { Model = "", Adapter = "", Out = "" }, "merge", "Merge an adapter into its base and verify the logits", example)
            .Required("--model", "Model directory of the base", (r, v) => r with { Model = v })
            .Required("--adapter", "Adapter directory", (r, v) => r with { Adapter = v })
            .Required("--out", "Model directory to write", (r, v) => r with { Out = v })
            .Text("--into", "What the merged model is stored as: " + string.Join(", ", TrainingSpec.Precisions) + "; as the base is, or bf16 over a base that is stored in few bits", (r, v) => r with { Into = v })
            .Flag("--force", "Replace a model that is there already", (r, v) => r with { Force = v })
            .Number("--tolerance", "Largest allowed difference of logits, relative to the largest logit (by what is written: fp32 0.001, fp16 0.01, bf16 0.05, int8 0.1, four bits 1)", double.MaxValue, (r, v) => r with { Tolerance = v })
            .Command;
}
