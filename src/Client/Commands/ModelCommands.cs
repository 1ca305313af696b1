using System.CommandLine;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Client.Commands;

/// <summary>The commands that are one job of a worker and need no silo.</summary>
internal static class ModelCommands
{
    /// <summary><c>train</c>, <c>eval</c>, <c>generate</c>, <c>merge</c>, <c>model …</c>, <c>data …</c>.</summary>
    public static IEnumerable<Command> Build(Func<ClientContext> context)
    {
        yield return new ToolCommand(context, "train", "train", "Train one adapter on one base, without a sweep", "train --model models/llama-nano --data alpaca.json --out out/lora")
            .Required("--model", "Model directory of the frozen base")
            .Option<string[]>("--data", "Data: files (Alpaca JSON or JSONL, FLAN CoT TSV), registered names, or goat:addition")
            .Required("--out", "Adapter directory to write")
            .Option<string>("--method", "PEFT method: lora (default) or ia3")
            .Option<int?>("--r", "Rank of LoRA")
            .Option<double?>("--alpha", "Alpha of LoRA")
            .Option<double?>("--dropout", "Dropout of LoRA")
            .Option<string[]>("--targets", "Projections to adapt; the method's default for the model otherwise")
            .Option<string>("--template", "Prompt template: alpaca (default), alpaca-newline, alpaca_short, goat, plain")
            .Option<double?>("--learning-rate", "Learning rate; the method's default otherwise")
            .Option<double?>("--epochs", "Epochs (3)")
            .Option<int?>("--max-steps", "Steps; overrides epochs")
            .Option<int?>("--batch-size", "Rows in a step (16)")
            .Option<int?>("--cutoff-len", "Most tokens of a row (512)")
            .Option<string>("--precision", "bf16 or fp32 for the base")
            .Option<string>("--schedule", "linear, cosine, constant or constant_with_warmup")
            .Option<double?>("--warmup-ratio", "Share of the steps that warm up")
            .Option<long?>("--seed", "Seed of initialisation, order and dropout")
            .Option<int?>("--threads", "Threads for kernels")
            .Complete(options => options["learning_rate"] ??= MethodCatalogue.Find((string?)options["method"] ?? "lora")?.DefaultLearningRate)
            .Command;
        yield return new ToolCommand(context, "eval", "eval", "Evaluate a model, with or without an adapter", "eval --model models/llama-nano --adapter out/lora --suite goat-arithmetic --limit 100")
            .Required("--model", "Model directory of the base")
            .Option<string>("--adapter", "Adapter directory; the bare base otherwise")
            .Option<string[]>("--suite", "Suites to run")
            .Option<string>("--suite-options", "Options of the suites as one JSON object")
            .Option<int?>("--limit", "Most items of each suite")
            .Option<int?>("--few-shot", "Examples before each question")
            .Option<string>("--cue", "Appended to each instruction (the study's CoT*)")
            .Option<string>("--template", "Prompt template, where the adapter brings none")
            .Option<int?>("--max-new-tokens", "Most new tokens (128)")
            .Option<string>("--precision", "bf16 or fp32 for the base")
            .Option<string>("--out", "Folder for result files in lm-eval's schema")
            .Option<int?>("--threads", "Threads for kernels")
            .Command;
        yield return new ToolCommand(context, "generate", "generate", "Continue a prompt", "generate --model models/stories260K --prompt \"Once upon a time\" --max-new-tokens 64 --greedy")
            .Required("--model", "Model directory of the base")
            .Required("--prompt", "The text to continue; an instruction where a template applies")
            .Option<string>("--adapter", "Adapter directory; its template is applied to the prompt")
            .Option<bool>("--raw", "Take the prompt as it is even where the adapter brings a template")
            .Option<int?>("--max-new-tokens", "Most new tokens (128)")
            .Option<bool>("--greedy", "Greedy decoding (the default unless a temperature is given)")
            .Option<double?>("--temperature", "Sample at this temperature")
            .Option<double?>("--top-p", "Keep the smallest set of tokens of this mass")
            .Option<int?>("--top-k", "Keep the k most likely tokens")
            .Option<long?>("--seed", "Seed of the sampler")
            .Option<string[]>("--stop", "Texts that end the answer")
            .Option<string>("--precision", "bf16 or fp32; as stored otherwise")
            .Option<int?>("--threads", "Threads for kernels")
            .Command;
        yield return new ToolCommand(context, "merge", "merge", "Merge an adapter into its base and verify the logits", "merge --model models/llama-nano --adapter out/lora --out models/merged")
            .Required("--model", "Model directory of the base")
            .Required("--adapter", "Adapter directory")
            .Required("--out", "Model directory to write")
            .Option<double?>("--tolerance", "Largest allowed difference of logits, relative to the largest logit")
            .Command;
        yield return ModelCommand(context);
        yield return DataCommand(context);
    }

    private static Command ModelCommand(Func<ClientContext> context)
    {
        var model = new Command("model", "Model directories: convert, pretrain, show").WithExample("model show models/llama-nano");
        model.Subcommands.Add(new ToolCommand(context, "model convert", "convert", "Convert between formats: llama2.c .bin, Meta's layout, Hugging Face directories", "model convert stories260K.bin models/stories260K --tokenizer tok512.bin")
            .Argument("IN", "A llama2.c .bin file or a model folder")
            .Argument("OUT", "The Hugging Face directory to write")
            .Option<string>("--tokenizer", "The tokenizer that belongs to it: llama2.c .bin, tokenizer.model or tokenizer.json")
            .Option<string>("--dtype", "bf16 or fp32; as stored otherwise")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model pretrain", "pretrain", "Train a small decoder from scratch on generated or given text, seeded", "model pretrain models/nano --task arithmetic --steps 1500 --seed 0")
            .Argument("OUT", "The model directory to write")
            .Option<string>("--task", "arithmetic (default) or text")
            .Option<string[]>("--text", "Text files for the task text")
            .Option<string>("--style", "Form of the sums: direct (default) or steps (worked out column by column)")
            .Option<string>("--cue", "Appended to every other question of the sums")
            .Option<int?>("--digits", "Most digits of the operands (3)")
            .Option<int?>("--vocab", "Size of the vocabulary that is trained for the task text")
            .Option<int?>("--hidden", "Width (128)")
            .Option<int?>("--layers", "Blocks (3)")
            .Option<int?>("--heads", "Attention heads (4)")
            .Option<int?>("--intermediate", "Width of the MLP")
            .Option<int?>("--steps", "Steps")
            .Option<int?>("--batch-size", "Rows in a step (64)")
            .Option<double?>("--learning-rate", "Peak learning rate")
            .Option<long?>("--seed", "Seed")
            .Option<int?>("--threads", "Threads for kernels")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model show", "show", "Show a model directory: family, sizes, projections, fingerprint", "model show models/llama-nano")
            .Argument("MODEL", "A model directory")
            .Command);
        return model;
    }

    private static Command DataCommand(Func<ClientContext> context)
    {
        var data = new Command("data", "Data: what the model will see").WithExample("data show alpaca.json --model models/llama-nano");
        data.Subcommands.Add(new ToolCommand(context, "data show", "show", "Show rows as they are trained: rendered, tokenised, with the loss mask, and a report of what is dropped and why", "data show alpaca.json --model models/llama-nano --rows 2")
            .Arguments("DATA", "Files, registered names, or goat:addition")
            .Required("--model", "Model directory or tokenizer file")
            .Option<string>("--template", "Prompt template (alpaca)")
            .Option<string>("--rationale", "Where rows have rationales: answer or rationale")
            .Option<int?>("--rows", "How many rows to show (3)")
            .Option<int?>("--cutoff-len", "Most tokens of a row (512)")
            .Option<long?>("--seed", "Seed of mixing and order")
            .Command);
        return data;
    }
}
