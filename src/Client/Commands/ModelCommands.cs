using System.CommandLine;
using System.CommandLine.Parsing;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Commands;

/// <summary>The commands that are one job of a worker and need no silo.</summary>
internal static class ModelCommands
{
    /// <summary><c>train</c>, <c>eval</c>, <c>generate</c>, <c>merge</c>, <c>model …</c>, <c>data …</c>, <c>tokenizer …</c>.</summary>
    public static IEnumerable<Command> Build(Func<ClientContext> context)
    {
        yield return ToolCommand.For(context, new TrainAdapterRequest { Model = "", Out = "", Training = null! }, "train", "Train one adapter on one base, without a sweep", "train --model models/llama-nano --data alpaca.json --out out/lora")
            .Required("--model", "Model directory of the frozen base", (r, v) => r with { Model = v })
            .Required("--out", "Adapter directory to write", (r, v) => r with { Out = v })
            .Flag("--force", "Replace an adapter that is there already", (r, v) => r with { Force = v })
            .Keys(TrainOptions.All, (given, out remarks) => TrainOptions.Read(given, IsThere, out remarks), (r, v) => r with { Training = v })
            .Threads("Threads for kernels", (r, v) => r with { Threads = v })
            .Command;
        yield return ToolCommand.For(context, new EvaluateModelRequest { Model = "", Evaluation = [], Decoding = new DecodingSpec() }, "eval", "Evaluate a model, with or without an adapter", "eval --model models/llama-nano --adapter out/lora --suite goat-arithmetic --limit 100")
            .Required("--model", "Model directory of the base", (r, v) => r with { Model = v })
            .Text("--adapter", "Adapter directory; the bare base otherwise", (r, v) => r with { Adapter = v })
            .Keys(AskingOptions.Suites, AskingOptions.ReadSuites, (r, v) => r with { Evaluation = v })
            .Keys(AskingOptions.Decoding, AskingOptions.ReadDecoding, (r, v) => r with { Decoding = v })
            .Seed("Seed of the sampler", (r, v) => r with { Seed = v })
            .Text("--cue", "Appended to each instruction (the study's CoT*)", (r, v) => r with { Cue = v })
            .Text("--template", $"Template, where neither adapter nor model brings the one that trained it: {string.Join(", ", TemplateNames.All)}, {TemplateNames.Chat} (the model's own chat template) or {TemplateNames.NamedChat}NAME", (r, v) => r with { Template = v })
            .Text("--prompt-language", $"Language of the prompt around an instruction: {string.Join(", ", TemplateNames.Languages)}; the template's otherwise", (r, v) => r with { PromptLanguage = v })
            .Text("--precision", "bf16 or fp32 for the base", (r, v) => r with { Precision = v })
            .Text("--out", "Folder for result files in lm-eval's schema", (r, v) => r with { Out = v })
            .Threads("Threads for kernels", (r, v) => r with { Threads = v })
            .Command;
        yield return ToolCommand.For(context, new ContinuePromptRequest { Model = "", Prompt = "", Decoding = new DecodingSpec() }, "generate", "Continue a prompt", "generate --model models/stories260K --prompt \"Once upon a time\" --max-new-tokens 64 --greedy")
            .Required("--model", "Model directory of the base", (r, v) => r with { Model = v })
            .Required("--prompt", "The text to continue; an instruction where a template applies", (r, v) => r with { Prompt = v })
            .Text("--adapter", "Adapter directory; its template is applied to the prompt, as that of a merged model is", (r, v) => r with { Adapter = v })
            .Flag("--raw", "Take the prompt as it is even where the adapter or the model brings a template", (r, v) => r with { Raw = v })
            .Flag("--chat", "Take the prompt as a user's message and render it by the chat template that the model brings", (r, v) => r with { Chat = v })
            .Text("--chat-template", $"The chat template of a model that brings none: {string.Join(", ", TemplateNames.NamedChats)}", (r, v) => r with { ChatTemplate = v })
            .Text("--system", "A system message in front of the prompt (with a chat template)", (r, v) => r with { System = v })
            .Keys([new CommandOption("greedy", "Greedy decoding (the default unless a temperature is given)", Flag: true), .. AskingOptions.Decoding], AskingOptions.ReadDecoding, (r, v) => r with { Decoding = v })
            .Whole("--num-return-sequences", "Answers: so many draws, or the best so many beams (1)", 1, 1024, (r, v) => r with { Answers = v })
            .Whole("--logprobs", "With --json, the log-probability of each token, and of the N most likely ones beside it", 0, 1000, (r, v) => r with { Logprobs = v })
            .Seed("Seed of the sampler", (r, v) => r with { Seed = v })
            .Text("--precision", "bf16 or fp32; as stored otherwise", (r, v) => r with { Precision = v })
            .Threads("Threads for kernels", (r, v) => r with { Threads = v })
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
        model.Subcommands.Add(ToolCommand.For(context, new AddModelRequest { Reference = "" }, "add", "Fetch a model or an adapter from a hub or an address into the home's models", "model add owner/name --name llama-tiny")
            .Argument("REFERENCE", "owner/name on the hub (HF_ENDPOINT names a mirror, HF_TOKEN an access token), or the http address of a file", (r, v) => r with { Reference = v })
            .Text("--name", "What it is called here; owner/name, or the file's name, otherwise", (r, v) => r with { Name = v })
            .Text("--revision", "Branch, tag or commit (main)", (r, v) => r with { Revision = v })
            .Texts("--include", "Patterns of the files to take (*.gguf, original/*); configuration, tokenizer and weights otherwise", (r, v) => r with { Include = v })
            .Text("--sha256", "What the content of the address must hash to", (r, v) => r with { Sha256 = v })
            .Text("--endpoint", "The hub's address, or a mirror's", (r, v) => r with { Endpoint = v })
            .Flag("--force", "Replace a model that is there already", (r, v) => r with { Force = v })
            .Command);
        model.Subcommands.Add(ToolCommand.For(context, new ConvertModelRequest { In = "", Out = "" }, "convert", "Convert between formats: llama2.c .bin, GGUF, Meta's layout, Hugging Face directories", "model convert stories260K.bin models/stories260K --tokenizer tok512.bin")
            .Argument("IN", "A llama2.c .bin or a .gguf file, or a model folder", (r, v) => r with { In = v })
            .Argument("OUT", "The Hugging Face directory to write, or a file that ends in .gguf", (r, v) => r with { Out = v })
            .Text("--tokenizer", "The tokenizer that belongs to it: llama2.c .bin, tokenizer.model or tokenizer.json", (r, v) => r with { Tokenizer = v })
            .Text("--dtype", "bf16 or fp32, for a .gguf also fp16, q8_0, q4_0, q4_k; as stored otherwise", (r, v) => r with { Dtype = v })
            .Flag("--force", "Replace a model that is there already", (r, v) => r with { Force = v })
            .Command);
        model.Subcommands.Add(ToolCommand.For(context, new PretrainRequest { Out = "" }, "pretrain", "Train a small decoder from scratch on generated or given text, seeded", "model pretrain models/nano --task arithmetic --steps 1500 --seed 0")
            .Argument("OUT", "The model directory to write", (r, v) => r with { Out = v })
            .Text("--task", "arithmetic (default) or text", (r, v) => r with { Task = v })
            .Texts("--text", "Text files for the task text", (r, v) => r with { Text = v })
            .Text("--from", "Go on with this model, its shape and its tokenizer, instead of from scratch (task text)", (r, v) => r with { From = v })
            .Text("--style", "Form of the sums: direct (default) or steps (worked out column by column)", (r, v) => r with { Style = v })
            .Text("--cue", "Appended to every other question of the sums", (r, v) => r with { Cue = v })
            .Whole("--digits", "Most digits of the operands (3)", 1, 64, (r, v) => r with { Digits = v })
            .Whole("--vocab", "Size of the vocabulary that is trained for the task text", 1, 4_194_304, (r, v) => r with { Vocab = v })
            .Whole("--hidden", "Width (128)", 2, 65_536, (r, v) => r with { Hidden = v })
            .Whole("--layers", "Blocks (3)", 1, 1024, (r, v) => r with { Layers = v })
            .Whole("--heads", "Attention heads (4)", 1, 1024, (r, v) => r with { Heads = v })
            .Whole("--intermediate", "Width of the MLP", 1, 262_144, (r, v) => r with { Intermediate = v })
            .Whole("--steps", "Steps", 1, 100_000_000, (r, v) => r with { Steps = v })
            .Whole("--embeddings-first", "Train the embedding and the head alone for so many of the steps, before everything is trained (0)", 0, 100_000_000, (r, v) => r with { EmbeddingsFirst = v })
            .Text("--tokenizer", "Take this tokenizer, a folder or a file, instead of training one (task text)", (r, v) => r with { Tokenizer = v })
            .Whole("--batch-size", "Rows in a step (64)", 1, 65_536, (r, v) => r with { BatchSize = v })
            .Number("--learning-rate", "Peak learning rate", 10, (r, v) => r with { LearningRate = v }, above: true)
            .Seed("Seed", (r, v) => r with { Seed = v })
            .Threads("Threads for kernels", (r, v) => r with { Threads = v })
            .Flag("--force", "Replace a model that is there already", (r, v) => r with { Force = v })
            .Command);
        model.Subcommands.Add(ToolCommand.For(context, new ExpandVocabularyRequest { In = "", Out = "", Tokenizer = "" }, "expand-vocab", "Give a model a larger tokenizer: known tokens keep their rows, new ones begin near what they stand for", "model expand-vocab models/llama-nano models/llama-zh --tokenizer zh/tokenizer.model")
            .Argument("IN", "A model directory", (r, v) => r with { In = v })
            .Argument("OUT", "The model directory to write", (r, v) => r with { Out = v })
            .Required("--tokenizer", "The larger tokenizer: a folder, or a file of one", (r, v) => r with { Tokenizer = v })
            .Text("--init", "How new rows begin: pieces (default), the mean of the rows that the old tokenizer writes the token's text with, or mean, of all rows", (r, v) => r with { Init = v })
            .Flag("--force", "Replace a model that is there already", (r, v) => r with { Force = v })
            .Command);
        model.Subcommands.Add(ToolCommand.For(context, new ShowModelRequest { Model = "" }, "show", "Show a model: family, parameters, memory, tokenizer, template, projections", "model show models/llama-nano")
            .Argument("MODEL", "A model directory, or a .gguf or llama2.c file", (r, v) => r with { Model = v })
            .Command);
        model.Subcommands.Add(ToolCommand.For(context, new VerifyModelsRequest { First = "", Second = "" }, "verify", "Compare the logits of two models, as after a conversion, both computed in fp32", "model verify models/llama-nano llama-nano-q8.gguf --tolerance 0.02")
            .Argument("FIRST", "A model directory or file", (r, v) => r with { First = v })
            .Argument("SECOND", "The other one", (r, v) => r with { Second = v })
            .Number("--tolerance", "Largest difference relative to the largest logit; beyond it the command fails", double.MaxValue, (r, v) => r with { Tolerance = v })
            .Command);
        return model;
    }

    private static Command DataCommand(Func<ClientContext> context)
    {
        var data = new Command("data", "Data: what the model will see").WithExample("data show alpaca.json --model models/llama-nano");
        var sweep = new Option<string?>("--sweep") { Description = "A sweep file: shows one of its data mixes, with its template, cutoff and masks, under its first model's tokenizer unless --model names another" };
        var mix = new Option<string?>("--data") { Description = "Which mix of the sweep; the only one otherwise" };
        var tool = ToolCommand.For(context, new ShowDataRequest { Data = null!, Model = "" }, "show", "Show rows as they are trained: rendered, tokenised, with the loss mask, and a report of what is dropped and why", "data show alpaca.json --model models/llama-nano --rows 2\ndata show --sweep examples/quickstart.yaml --data rationales")
            .Keys(DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), (r, v) => r with { Data = v }, argument: "data", unless: sweep)
            .Text("--model", "Model directory or tokenizer file", (r, v) => r with { Model = v })
            .Whole("--rows", "How many rows to show (3)", 0, 100_000, (r, v) => r with { Rows = v })
            .Whole("--cutoff-len", "Most tokens of a row (512)", 1, 1_048_576, (r, v) => r with { CutoffLen = v })
            .Seed("Seed of mixing and order", (r, v) => r with { Seed = v });
        var show = tool.Command;
        show.Options.Add(sweep);
        show.Options.Add(mix);
        show.Validators.Add(result =>
        {
            if (result.GetResult(sweep) is null && result.GetResult(mix) is not null) result.AddError("--data names a mix of a sweep: give its file with --sweep");
            if (result.GetResult(sweep) is null && result.Children.All(child => (child as OptionResult)?.Option.Name != "--model")) result.AddError("Option '--model' is required.");
        });
        tool.Adjust = (parsed, request, stop) => parsed.GetValue(sweep) is { } file ? SweepData.OfAsync(request, file, parsed.GetValue(mix), stop) : Task.FromResult(request);
        data.Subcommands.Add(show);
        data.Subcommands.Add(ToolCommand.For(context, new InspectDataRequest { Data = null!, Model = "" }, "inspect", "Show the tokens of rows one by one, with what is learnt in colour (between ⟦ and ⟧ where there are no colours), and as an HTML page", "data inspect alpaca.json --model models/llama-nano --html tokens.html")
            .Drawn(rows => InspectView.Draw(Terminal.Output.Drawing, rows))
            .Keys(DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), (r, v) => r with { Data = v }, argument: "data")
            .Required("--model", "Model directory or tokenizer file", (r, v) => r with { Model = v })
            .Whole("--rows", "How many rows to show (3)", 1, 100_000, (r, v) => r with { Rows = v })
            .Whole("--cutoff-len", "Most tokens of a row (512)", 1, 1_048_576, (r, v) => r with { CutoffLen = v })
            .Seed("Seed of mixing and order", (r, v) => r with { Seed = v })
            .Text("--html", "Write the page here", (r, v) => r with { Html = v })
            .Command);
        data.Subcommands.Add(ToolCommand.For(context, new ListDataRequest(), "list", "List the data sets that can be named: known ones with their tags, registered ones, files of the home", "data list --language zh --generation SI --json")
            .Text("--language", "Only sets of this language (en, zh) or of several", (r, v) => r with { Language = v })
            .Text("--task", "Only sets of one task (TS) or of several (MT)", (r, v) => r with { Task = v })
            .Text("--generation", "Only sets that came to be so: HG (people), SI (self-instruct), MIX, COL (collected)", (r, v) => r with { Generation = v })
            .Flag("--present", "Only sets whose files are there", (r, v) => r with { Present = v })
            .Command);
        data.Subcommands.Add(ToolCommand.For(context, new AddDataRequest { Reference = "" }, "add", "Bring a data set into the home: a file or folder, an address, a repository of the hub, a known set", "data add dolly\ndata add https://example.com/rows.jsonl --sha256 0f…")
            .Argument("REFERENCE", "A file or folder, an http address, owner/name on the hub, or the name of a known set", (r, v) => r with { Reference = v })
            .Text("--name", "The name that it is to have; its own otherwise", (r, v) => r with { Name = v })
            .Text("--sha256", "What its file must hash to", (r, v) => r with { Sha256 = v })
            .Text("--revision", "Branch, tag or commit of a repository (main)", (r, v) => r with { Revision = v })
            .Texts("--mirrors", "Addresses of the hub's mirrors, tried in order; $HF_ENDPOINT otherwise", (r, v) => r with { Mirrors = v })
            .Flag("--offline", "Take what was fetched before and connect to nothing", (r, v) => r with { Offline = v })
            .Command);
        data.Subcommands.Add(ToolCommand.For(context, new DataStatisticsRequest { Data = null! }, "stats", "Count the rows of data: lengths, turns, languages", "data stats alpaca.json")
            .Keys(DataOptions.All, (given, out remarks) => DataOptions.Read(given, IsThere, out remarks), (r, v) => r with { Data = v }, argument: "data")
            .Text("--model", "Model directory or tokenizer file: lengths are counted in its tokens, not in characters", (r, v) => r with { Model = v })
            .Command);
        data.Subcommands.Add(GoatCommands.Build(context));
        return data;
    }

    private static Command TokenizerCommand(Func<ClientContext> context)
    {
        var tokenizer = new Command("tokenizer", "Tokenizers: train, extend, compare").WithExample("tokenizer compare models/llama-nano other/tokenizer.json --text book.txt");
        tokenizer.Subcommands.Add(ToolCommand.For(context, new TrainTokenizerRequest { Out = "" }, "train", "Train a tokenizer on text", "tokenizer train out/tokenizer --text book.txt --vocab 8000")
            .Argument("OUT", "The folder to write: tokenizer.json, or tokenizer.model for sentencepiece", (r, v) => r with { Out = v })
            .Texts("--text", "Text files; each line is a sentence", (r, v) => r with { Text = v })
            .Text("--kind", "byte-bpe (default), or sentencepiece: BPE over characters with byte fallback, as LLaMA's", (r, v) => r with { Kind = v })
            .Whole("--vocab", "Number of ids (8000)", 1, 4_194_304, (r, v) => r with { Vocab = v })
            .Flag("--whole-numbers", "Let tokens hold several digits; each digit is one otherwise, which arithmetic is learnt better with", (r, v) => r with { WholeNumbers = v })
            .Whole("--lines", "Learn from so many lines, drawn by the seed (all)", 1, int.MaxValue, (r, v) => r with { Lines = v })
            .Seed("Seed of the draw", (r, v) => r with { Seed = v })
            .Flag("--force", "Replace a tokenizer that is there already", (r, v) => r with { Force = v })
            .Command);
        tokenizer.Subcommands.Add(ToolCommand.For(context, new ExtendTokenizerRequest { Out = "", Tokenizer = "", Pieces = "" }, "extend", "Add the pieces of one SentencePiece model to another, whose ids stay", "tokenizer extend out/llama-zh --tokenizer models/llama-nano --pieces zh/tokenizer.model --han")
            .Argument("OUT", "The folder to write", (r, v) => r with { Out = v })
            .Required("--tokenizer", "The tokenizer to extend: a model directory or a SentencePiece BPE model", (r, v) => r with { Tokenizer = v })
            .Required("--pieces", "Where the pieces come from, likewise, of either algorithm", (r, v) => r with { Pieces = v })
            .Flag("--han", "Take only pieces of Chinese characters alone", (r, v) => r with { Han = v })
            .Flag("--force", "Replace a tokenizer that is there already", (r, v) => r with { Force = v })
            .Command);
        tokenizer.Subcommands.Add(ToolCommand.For(context, new CompareTokenizersRequest { Tokenizers = [] }, "compare", "Show how several tokenizers split the same text: characters and bytes per token for each script and for digits", "tokenizer compare models/llama-nano other/tokenizer.json --show \"12345 + 6789\"")
            .Arguments("TOKENIZERS", "Model directories or tokenizer files", (r, v) => r with { Tokenizers = v })
            .Texts("--text", "Text files to count on", (r, v) => r with { Text = v })
            .Text("--show", "A text whose pieces are shown", (r, v) => r with { Show = v })
            .Command);
        return tokenizer;
    }

    private static bool IsThere(string path) => File.Exists(path) || Directory.Exists(path);
}
