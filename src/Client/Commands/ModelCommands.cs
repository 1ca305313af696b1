using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;

namespace AlpacaCot.Client.Commands;

/// <summary>The commands that are one job of a worker and need no silo.</summary>
internal static class ModelCommands
{
    /// <summary><c>train</c>, <c>eval</c>, <c>generate</c>, <c>merge</c>, <c>model …</c>, <c>data …</c>, <c>tokenizer …</c>.</summary>
    public static IEnumerable<Command> Build(Func<ClientContext> context)
    {
        yield return new ToolCommand(context, "train", "train", "Train one adapter on one base, without a sweep", "train --model models/llama-nano --data alpaca.json --out out/lora")
            .Required("--model", "Model directory of the frozen base")
            .Required("--out", "Adapter directory to write")
            .Option<bool>("--force", "Replace an adapter that is there already")
            .Keys("training", TrainOptions.All, (given, out remarks) => TrainOptions.Read(given, IsThere, out remarks))
            .Option<int?>("--threads", "Threads for kernels")
            .Command;
        yield return new ToolCommand(context, "eval", "eval", "Evaluate a model, with or without an adapter", "eval --model models/llama-nano --adapter out/lora --suite goat-arithmetic --limit 100")
            .Required("--model", "Model directory of the base")
            .Option<string>("--adapter", "Adapter directory; the bare base otherwise")
            .Keys("evaluation", AskingOptions.Suites, AskingOptions.ReadSuites)
            .Keys("decoding", AskingOptions.Decoding, AskingOptions.ReadDecoding)
            .Option<long?>("--seed", "Seed of the sampler")
            .Option<string>("--cue", "Appended to each instruction (the study's CoT*)")
            .Option<string>("--template", $"Template, where neither adapter nor model brings the one that trained it: {string.Join(", ", TemplateNames.All)}, {TemplateNames.Chat} (the model's own chat template) or {TemplateNames.NamedChat}NAME")
            .Option<string>("--prompt-language", $"Language of the prompt around an instruction: {string.Join(", ", TemplateNames.Languages)}; the template's otherwise")
            .Option<string>("--precision", "bf16 or fp32 for the base")
            .Option<string>("--out", "Folder for result files in lm-eval's schema")
            .Option<int?>("--threads", "Threads for kernels")
            .Command;
        yield return new ToolCommand(context, "generate", "generate", "Continue a prompt", "generate --model models/stories260K --prompt \"Once upon a time\" --max-new-tokens 64 --greedy")
            .Required("--model", "Model directory of the base")
            .Required("--prompt", "The text to continue; an instruction where a template applies")
            .Option<string>("--adapter", "Adapter directory; its template is applied to the prompt, as that of a merged model is")
            .Option<bool>("--raw", "Take the prompt as it is even where the adapter or the model brings a template")
            .Option<bool>("--chat", "Take the prompt as a user's message and render it by the chat template that the model brings")
            .Option<string>("--chat-template", $"The chat template of a model that brings none: {string.Join(", ", TemplateNames.NamedChats)}")
            .Option<string>("--system", "A system message in front of the prompt (with a chat template)")
            .Keys("decoding", [new CommandOption("greedy", "Greedy decoding (the default unless a temperature is given)", Flag: true), .. AskingOptions.Decoding], AskingOptions.ReadDecoding)
            .Option<int?>("--num-return-sequences", "Answers: so many draws, or the best so many beams (1)")
            .Option<int?>("--logprobs", "With --json, the log-probability of each token, and of the N most likely ones beside it")
            .Option<long?>("--seed", "Seed of the sampler")
            .Option<string>("--precision", "bf16 or fp32; as stored otherwise")
            .Option<int?>("--threads", "Threads for kernels")
            .Command;
        yield return AdapterCommands.Merge(context, "merge --model models/llama-nano --adapter out/lora --out models/merged");
        yield return AdapterCommands.Build(context);
        yield return ModelCommand(context);
        yield return DataCommand(context);
        yield return TokenizerCommand(context);
    }

    private static Command ModelCommand(Func<ClientContext> context)
    {
        var model = new Command("model", "Models: add, convert, pretrain, expand-vocab, show, verify").WithExample("model show models/llama-nano");
        model.Subcommands.Add(new ToolCommand(context, "model add", "add", "Fetch a model or an adapter from a hub or an address into the home's models", "model add owner/name --name llama-tiny")
            .Argument("REFERENCE", "owner/name on the hub (HF_ENDPOINT names a mirror, HF_TOKEN an access token), or the http address of a file")
            .Option<string>("--name", "What it is called here; owner/name, or the file's name, otherwise")
            .Option<string>("--revision", "Branch, tag or commit (main)")
            .Option<string[]>("--include", "Patterns of the files to take (*.gguf, original/*); configuration, tokenizer and weights otherwise")
            .Option<string>("--sha256", "What the content of the address must hash to")
            .Option<string>("--endpoint", "The hub's address, or a mirror's")
            .Option<bool>("--force", "Replace a model that is there already")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model convert", "convert", "Convert between formats: llama2.c .bin, GGUF, Meta's layout, Hugging Face directories", "model convert stories260K.bin models/stories260K --tokenizer tok512.bin")
            .Argument("IN", "A llama2.c .bin or a .gguf file, or a model folder")
            .Argument("OUT", "The Hugging Face directory to write, or a file that ends in .gguf")
            .Option<string>("--tokenizer", "The tokenizer that belongs to it: llama2.c .bin, tokenizer.model or tokenizer.json")
            .Option<string>("--dtype", "bf16 or fp32, for a .gguf also fp16, q8_0, q4_0, q4_k; as stored otherwise")
            .Option<bool>("--force", "Replace a model that is there already")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model pretrain", "pretrain", "Train a small decoder from scratch on generated or given text, seeded", "model pretrain models/nano --task arithmetic --steps 1500 --seed 0")
            .Argument("OUT", "The model directory to write")
            .Option<string>("--task", "arithmetic (default) or text")
            .Option<string[]>("--text", "Text files for the task text")
            .Option<string>("--from", "Go on with this model, its shape and its tokenizer, instead of from scratch (task text)")
            .Option<int?>("--embeddings-first", "Train the embedding and the head alone for so many of the steps, before everything is trained (0)")
            .Option<string>("--tokenizer", "Take this tokenizer, a folder or a file, instead of training one (task text)")
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
            .Option<bool>("--force", "Replace a model that is there already")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model expand-vocab", "expand-vocab", "Give a model a larger tokenizer: known tokens keep their rows, new ones begin near what they stand for", "model expand-vocab models/llama-nano models/llama-zh --tokenizer zh/tokenizer.model")
            .Argument("IN", "A model directory")
            .Argument("OUT", "The model directory to write")
            .Required("--tokenizer", "The larger tokenizer: a folder, or a file of one")
            .Option<string>("--init", "How new rows begin: pieces (default), the mean of the rows that the old tokenizer writes the token's text with, or mean, of all rows")
            .Option<bool>("--force", "Replace a model that is there already")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model show", "show", "Show a model: family, parameters, memory, tokenizer, template, projections", "model show models/llama-nano")
            .Argument("MODEL", "A model directory, or a .gguf or llama2.c file")
            .Command);
        model.Subcommands.Add(new ToolCommand(context, "model verify", "verify", "Compare the logits of two models, as after a conversion, both computed in fp32", "model verify models/llama-nano llama-nano-q8.gguf --tolerance 0.02")
            .Argument("FIRST", "A model directory or file")
            .Argument("SECOND", "The other one")
            .Option<double?>("--tolerance", "Largest difference relative to the largest logit; beyond it the command fails")
            .Command);
        return model;
    }

    private static Command DataCommand(Func<ClientContext> context)
    {
        var data = new Command("data", "Data: what the model will see").WithExample("data show alpaca.json --model models/llama-nano");
        var sweep = new Option<string?>("--sweep") { Description = "A sweep file: shows one of its data mixes, with its template, cutoff and masks, under its first model's tokenizer unless --model names another" };
        var mix = new Option<string?>("--data") { Description = "Which mix of the sweep; the only one otherwise" };
        var tool = new ToolCommand(context, "data show", "show", "Show rows as they are trained: rendered, tokenised, with the loss mask, and a report of what is dropped and why", "data show alpaca.json --model models/llama-nano --rows 2\ndata show --sweep examples/quickstart.yaml --data rationales")
            .Keys("data", DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), argument: "data", unless: sweep)
            .Option<string>("--model", "Model directory or tokenizer file")
            .Option<int?>("--rows", "How many rows to show (3)")
            .Option<int?>("--cutoff-len", "Most tokens of a row (512)")
            .Option<long?>("--seed", "Seed of mixing and order");
        var show = tool.Command;
        show.Options.Add(sweep);
        show.Options.Add(mix);
        show.Validators.Add(result =>
        {
            if (result.GetResult(sweep) is null && result.GetResult(mix) is not null) result.AddError("--data names a mix of a sweep: give its file with --sweep");
            if (result.GetResult(sweep) is null && result.Children.All(child => (child as OptionResult)?.Option.Name != "--model")) result.AddError("Option '--model' is required.");
        });
        tool.Adjust = (parsed, options, stop) => parsed.GetValue(sweep) is { } file ? SweepData.AddAsync(options, file, parsed.GetValue(mix), stop) : Task.CompletedTask;
        data.Subcommands.Add(show);
        data.Subcommands.Add(new ToolCommand(context, "data inspect", "inspect", "Show the tokens of rows one by one, with what is learnt in colour (between ⟦ and ⟧ where there are no colours), and as an HTML page", "data inspect alpaca.json --model models/llama-nano --html tokens.html")
            {
                View = rows => InspectView.Draw(Terminal.Output.Drawing, rows),
            }
            .Keys("data", DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), argument: "data")
            .Required("--model", "Model directory or tokenizer file")
            .Option<int?>("--rows", "How many rows to show (3)")
            .Option<int?>("--cutoff-len", "Most tokens of a row (512)")
            .Option<long?>("--seed", "Seed of mixing and order")
            .Option<string>("--html", "Write the page here")
            .Command);
        data.Subcommands.Add(new ToolCommand(context, "data list", "list", "List the data sets that can be named: known ones with their tags, registered ones, files of the home", "data list --language zh --generation SI --json")
            .Option<string>("--language", "Only sets of this language (en, zh) or of several")
            .Option<string>("--task", "Only sets of one task (TS) or of several (MT)")
            .Option<string>("--generation", "Only sets that came to be so: HG (people), SI (self-instruct), MIX, COL (collected)")
            .Option<bool>("--present", "Only sets whose files are there")
            .Command);
        data.Subcommands.Add(Endpoints(context, new ToolCommand(context, "data add", "add", "Bring a data set into the home: a file or folder, an address, a repository of the hub, a known set", "data add dolly\ndata add https://example.com/rows.jsonl --sha256 0f…")
            .Argument("REFERENCE", "A file or folder, an http address, owner/name on the hub, or the name of a known set")
            .Option<string>("--name", "The name that it is to have; its own otherwise")
            .Option<string>("--sha256", "What its file must hash to")
            .Option<string>("--revision", "Branch, tag or commit of a repository (main)")
            .Option<string[]>("--mirrors", "Addresses of the hub's mirrors, tried in order; $HF_ENDPOINT otherwise")
            .Option<bool>("--offline", "Take what was fetched before and connect to nothing")));
        data.Subcommands.Add(new ToolCommand(context, "data stats", "stats", "Count the rows of data: lengths, turns, languages", "data stats alpaca.json")
            .Keys("data", DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), argument: "data")
            .Option<string>("--model", "Model directory or tokenizer file: lengths are counted in its tokens, not in characters")
            .Command);
        data.Subcommands.Add(GoatCommands.Build(context));
        return data;
    }

    /// <summary>The hub that the environment names, where the command names none.</summary>
    private static Command Endpoints(Func<ClientContext> context, ToolCommand tool)
    {
        tool.Adjust = (_, options, _) =>
        {
            if (context().HubEndpoint is { } endpoint) options["mirrors"] ??= new System.Text.Json.Nodes.JsonArray(endpoint);
            return Task.CompletedTask;
        };
        return tool.Command;
    }

    private static Command TokenizerCommand(Func<ClientContext> context)
    {
        var tokenizer = new Command("tokenizer", "Tokenizers: train, compare").WithExample("tokenizer compare models/llama-nano other/tokenizer.json --text book.txt");
        tokenizer.Subcommands.Add(new ToolCommand(context, "tokenizer train", "train", "Train a tokenizer on text", "tokenizer train out/tokenizer --text book.txt --vocab 8000")
            .Argument("OUT", "The folder to write: tokenizer.json, or tokenizer.model for sentencepiece")
            .Option<string[]>("--text", "Text files; each line is a sentence")
            .Option<string>("--kind", "byte-bpe (default), or sentencepiece: BPE over characters with byte fallback, as LLaMA's")
            .Option<int?>("--vocab", "Number of ids (8000)")
            .Option<bool>("--whole-numbers", "Let tokens hold several digits; each digit is one otherwise, which arithmetic is learnt better with")
            .Option<int?>("--lines", "Learn from so many lines, drawn by the seed (all)")
            .Option<long?>("--seed", "Seed of the draw")
            .Option<bool>("--force", "Replace a tokenizer that is there already")
            .Command);
        tokenizer.Subcommands.Add(new ToolCommand(context, "tokenizer compare", "compare", "Show how several tokenizers split the same text: characters and bytes per token for each script and for digits", "tokenizer compare models/llama-nano other/tokenizer.json --show \"12345 + 6789\"")
            .Arguments("TOKENIZERS", "Model directories or tokenizer files")
            .Option<string[]>("--text", "Text files to count on")
            .Option<string>("--show", "A text whose pieces are shown")
            .Command);
        return tokenizer;
    }

    private static bool IsThere(string path) => File.Exists(path) || Directory.Exists(path);
}
