using AlpacaCot.Data.Importing;

namespace AlpacaCot.Data.Catalogue;

/// <summary>
/// The instruction sets that can be named: those of Alpaca-CoT's collection with its tags and counts, its ready-made combinations, and the small sets beside them. Formatted copies of most lie in
/// <c>hf:QingyiSi/Alpaca-CoT</c>; a file in a set's own form and one in the Alpaca form are both read.
/// </summary>
internal static class KnownSets
{
    private const string Collected = "COL", Mixed = "MIX", SelfInstruct = "SI", OneTask = "TS", Multi = KnownSet.SeveralLanguages;
    private const string NonCommercial = "CC BY-NC 4.0", Apache = "Apache-2.0", Mit = "MIT", Gpl = "GPL-3.0";

    private static readonly string[] _cotSets = ["aqua", "creak", "ecqa", "esnli", "gsm8k", "qasc", "qed", "sensemaking", "strategyqa"];

    /// <summary>All of them; a set of several languages has an entry for each whose files are apart.</summary>
    public static IReadOnlyList<KnownSet> All { get; } =
    [
        new("alpaca", "en", "Stanford Alpaca instructions", ["alpaca_data_cleaned.json", "alpaca_data.json", "instructions/alpaca_en_demo.json"])
        {
            Generation = SelfInstruct, Rows = 52_002, Licence = NonCommercial, MadeBy = "text-davinci-003", Source = "tatsu-lab/stanford_alpaca",
            Files = ["https://raw.githubusercontent.com/tatsu-lab/stanford_alpaca/main/alpaca_data.json"],
        },
        new("alpaca", "zh", "Alpaca instructions in Chinese", ["alpaca_gpt4_data_zh.json", "instructions/alpaca_zh_demo.json"])
        {
            Generation = SelfInstruct, Rows = 52_002, Licence = NonCommercial, MadeBy = "GPT-4", Source = "Instruction-Tuning-with-GPT-4/GPT-4-LLM",
            Files = ["https://raw.githubusercontent.com/Instruction-Tuning-with-GPT-4/GPT-4-LLM/main/data/alpaca_gpt4_data_zh.json"],
        },
        new("alpaca-tiny", "en", "100 Alpaca rows", ["instructions/alpaca_tiny.json"]) { Generation = SelfInstruct, Rows = 100, Licence = NonCommercial, Source = "pytorch/torchtune" },
        new("alpaca-gpt4", "en", "GPT-4's answers to Alpaca's instructions", ["alpaca_gpt4_data.json"])
        {
            Generation = SelfInstruct, Rows = 52_002, Licence = NonCommercial, MadeBy = "GPT-4", Source = "Instruction-Tuning-with-GPT-4/GPT-4-LLM",
            Files = ["https://raw.githubusercontent.com/Instruction-Tuning-with-GPT-4/GPT-4-LLM/main/data/alpaca_gpt4_data.json"],
        },
        new("cot", "en", "FLAN v2's chain-of-thought sets", ["CoT_data.json", "cot/*_train.tsv"])
        {
            Rows = 74_771, Licence = Apache, MadeBy = "rationales on existing sets", Source = "google-research/FLAN",
            Files = [.. _cotSets.Select(set => $"https://raw.githubusercontent.com/google-research/FLAN/main/flan/v2/cot_data/{set}_train.tsv")],
        },
        new("cot", "zh", "the same in Chinese", ["CoT_Chinese_data.json", "CoT_CN_data.json"])
        {
            Rows = 74_771, Licence = Apache, MadeBy = "the same, translated by machine", Source = "hf:QingyiSi/Alpaca-CoT", Files = ["hf:QingyiSi/Alpaca-CoT/Chain-of-Thought/CoT_Chinese_data.json"],
        },
        .. _cotSets.Select(set => new KnownSet($"cot-{set}", "en", $"FLAN v2's chain-of-thought set {set}", [$"cot/{set}_train.tsv", $"{set}_train.tsv"])
        {
            Task = OneTask, Licence = Apache, Source = "google-research/FLAN", Files = [$"https://raw.githubusercontent.com/google-research/FLAN/main/flan/v2/cot_data/{set}_train.tsv"],
        }),
        new("gsm8k", "en", "grade-school mathematics with working", ["math/gsm8k/train.jsonl", "gsm8k/train.jsonl"])
        {
            Task = OneTask, Rows = 7_473, Licence = Mit, MadeBy = "people", Source = "openai/grade-school-math", Files = ["https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/train.jsonl"],
        },
        new("gsm8k-test", "en", "its test questions, for looking and leakage alone", ["math/gsm8k/test.jsonl", "gsm8k/test.jsonl"])
        {
            Task = OneTask, Rows = 1_319, Licence = Mit, MadeBy = "people", Source = "openai/grade-school-math", Files = ["https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl"],
        },
        new("aqua-test", "en", "the 254 AQuA test questions with options, for looking and leakage alone", ["math/aqua/AQuA.json", "aqua/AQuA.json"])
        {
            Task = OneTask, Rows = 254, Licence = "ODC-By 1.0", MadeBy = "people", Source = "AGI-Edgerunners/LLM-Adapters", Importer = Importers.Aqua,
        },
        new("bbh-arithmetic", "en", "BIG-Bench Hard's multi-step arithmetic; its authors ask that it is never trained on", ["math/bbh/multistep_arithmetic_two.json", "bbh/multistep_arithmetic_two.json"])
        {
            Task = OneTask, Rows = 250, Licence = Mit, MadeBy = "people", Source = "suzgunmirac/BIG-Bench-Hard", Importer = Importers.BigBenchHard, IsOneObject = true,
        },
        new("gpt4all", "en", "code, stories, dialogues", ["gpt4all*.json*", "gpt4all/*"])
        {
            Generation = Collected, Rows = 806_199, Licence = Apache, MadeBy = "distilled from GPT-3.5-turbo", Source = "nomic-ai/gpt4all", Files = ["hf:nomic-ai/gpt4all-j-prompt-generations"],
            Importer = Importers.Fields("prompt", null, "response"),
        },
        new("gpteacher", "en", "general, role play, tools", ["gpteacher*.json*", "GPTeacher*.json*", "gpteacher/*"])
        {
            Generation = SelfInstruct, Rows = 29_013, Licence = Mit, MadeBy = "GPT-4", Source = "teknium1/GPTeacher", Importer = Importers.Fields("instruction", "input", "response"),
        },
        new("gpteacher-roleplay", "en", "role play", ["instructions/gpteacher_roleplay.json"]) { Task = OneTask, Generation = SelfInstruct, Rows = 3_146, Licence = Mit, MadeBy = "GPT-4", Source = "teknium1/GPTeacher" },
        new("guanaco", Multi, "linguistic tasks", ["guanaco*.json*", "guanaco/*"])
        {
            Generation = SelfInstruct, Rows = 534_610, Licence = Gpl, MadeBy = "text-davinci-003", Source = "hf:JosephusCheung/GuanacoDataset", Files = ["hf:JosephusCheung/GuanacoDataset"],
        },
        new("hc3", Multi, "answers of people and of ChatGPT", ["hc3*.jsonl", "HC3*.jsonl", "hc3/*"])
        {
            Task = OneTask, Generation = Mixed, Rows = 37_175, Licence = "CC BY-SA 4.0", MadeBy = "people, ChatGPT", Source = "hf:Hello-SimpleAI/HC3",
            Files = ["hf:Hello-SimpleAI/HC3/all.jsonl", "hf:Hello-SimpleAI/HC3-Chinese/all.jsonl"], Importer = Importers.Hc3,
        },
        new("natural-instructions", Multi, "diverse tasks, a file each", ["natural-instructions/*.json*", "natural_instructions*.json*"])
        {
            Generation = Collected, Rows = 5_040_134, Licence = Apache, MadeBy = "people", Source = "allenai/natural-instructions", Files = ["hf:Muennighoff/natural-instructions"], Importer = Importers.NaturalInstructions, IsOneObject = true,
        },
        new("belle", "zh", "BELLE instructions in Chinese", ["belle_data_cn.json", "belle_cn*.json*", "Belle_open_source_*.json*"])
        {
            Generation = SelfInstruct, Rows = 1_079_517, Licence = Gpl, MadeBy = "text-davinci-003", Source = "hf:BelleGroup", Files = ["hf:BelleGroup/train_0.5M_CN/Belle_open_source_0.5M.json", "hf:BelleGroup/train_1M_CN/Belle_open_source_1M.json"],
        },
        new("belle1.5m", "zh", "BELLE, 1.5 million rows", ["belle_data1.5M_cn.json"]) { Generation = SelfInstruct, Rows = 1_500_000, Licence = Gpl, MadeBy = "text-davinci-003", Source = "hf:BelleGroup" },
        new("multiturn-chat", "zh", "BELLE's chats of several turns", ["multiturn_chat_0.8M.json"])
        {
            Task = OneTask, Generation = SelfInstruct, Rows = 800_000, Licence = Gpl, MadeBy = "ChatGPT", Source = "hf:BelleGroup/multiturn_chat_0.8M", Files = ["hf:BelleGroup/multiturn_chat_0.8M/multiturn_chat_0.8M.json"], Importer = Importers.BelleChat,
        },
        new("instinwild", "en", "generation, open questions, brainstorming", ["instinwild_en.json", "instinwild/*en*.json"])
        {
            Generation = SelfInstruct, Rows = 52_191, MadeBy = "text-davinci-003", Source = "XueFuzhao/InstructionWild", Files = ["https://raw.githubusercontent.com/XueFuzhao/InstructionWild/main/data/instinwild_en.json"],
        },
        new("instinwild", "zh", "the same in Chinese", ["instinwild_ch.json", "instinwild_zh.json", "instinwild/*ch*.json"])
        {
            Generation = SelfInstruct, Rows = 51_504, MadeBy = "text-davinci-003", Source = "XueFuzhao/InstructionWild", Files = ["https://raw.githubusercontent.com/XueFuzhao/InstructionWild/main/data/instinwild_ch.json"],
        },
        .. OtherSets(),
        .. Combinations(),
    ];

    private static IEnumerable<KnownSet> OtherSets() =>
    [
        new("prosocial-dialog", "en", "answers that keep to social norms", ["prosocial*.json*", "prosocial-dialog/*"])
        {
            Task = OneTask, Generation = Mixed, Rows = 165_681, Licence = "CC BY 4.0", MadeBy = "GPT-3, people", Source = "hf:allenai/prosocial-dialog", Files = ["hf:allenai/prosocial-dialog/train.json"], Importer = Importers.Fields("context", null, "response"),
        },
        new("finance", "en", "financial questions", ["finance_en.json", "Cleaned_date.json"])
        {
            Task = OneTask, Generation = Collected, Rows = 68_912, Licence = Mit, MadeBy = "GPT-3.5", Source = "hf:gbharti/finance-alpaca", Files = ["hf:gbharti/finance-alpaca/Cleaned_date.json"],
        },
        new("xp3", Multi, "prompts of 16 tasks in 46 languages", ["xp3*.jsonl", "xP3*.jsonl", "xp3/*"])
        {
            Generation = Collected, Rows = 78_883_588, Licence = Apache, MadeBy = "people", Source = "hf:bigscience/xP3", Files = ["hf:bigscience/xP3"], Importer = Importers.Fields("inputs", null, "targets"),
        },
        new("firefly", "zh", "23 tasks", ["firefly*.jsonl", "firefly*.json"])
        {
            Generation = Collected, Rows = 1_649_398, MadeBy = "people", Source = "yangjianxin1/Firefly", Files = ["hf:YeungNLP/firefly-train-1.1M/firefly-train-1.1M.jsonl"], Importer = Importers.Fields("input", null, "target"),
        },
        new("instruct", "en", "GPT4All, Alpaca and open sets, augmented", ["swype_instruct*.json*", "instruct/*"])
        {
            Generation = Collected, Rows = 888_969, Licence = Mit, MadeBy = "augmentation", Source = "hf:swype/instruct", Files = ["hf:swype/instruct/data.jsonl"], Importer = Importers.Fields("prompt", null, "completion"),
        },
        new("code-alpaca", "en", "programming instructions", ["code_alpaca_20k.json", "instructions/code_alpaca_2k.json"])
        {
            Task = OneTask, Generation = SelfInstruct, Rows = 20_022, Licence = NonCommercial, MadeBy = "text-davinci-003", Source = "sahil280114/codealpaca", Files = ["https://raw.githubusercontent.com/sahil280114/codealpaca/master/data/code_alpaca_20k.json"],
        },
        new("webgpt", "en", "questions answered from the web; the better of two answers", ["webgpt*.json*", "comparisons.jsonl"])
        {
            Task = OneTask, Generation = Mixed, Rows = 18_994, MadeBy = "GPT-3, people", Source = "hf:openai/webgpt_comparisons", Files = ["hf:openai/webgpt_comparisons/comparisons.jsonl"], Importer = Importers.WebGpt,
        },
        new("dolly", "en", "closed questions, summaries and others", ["databricks-dolly-15k.jsonl", "dolly*.json*"])
        {
            Task = OneTask, Rows = 15_015, Licence = "CC BY-SA 3.0", MadeBy = "people", Source = "databrickslabs/dolly", Files = ["hf:databricks/databricks-dolly-15k/databricks-dolly-15k.jsonl"], Importer = Importers.Fields("instruction", "context", "response"),
        },
        new("baize", "en", "chats of ChatGPT with itself", ["baize*.json*", "*_chat_data.json"])
        {
            Generation = Collected, Rows = 653_699, Licence = Gpl, MadeBy = "ChatGPT on people's questions", Source = "project-baize/baize-chatbot", Importer = Importers.Baize,
            Files = [.. new[] { "alpaca", "medical", "quora", "stackoverflow" }.Select(part => $"https://raw.githubusercontent.com/project-baize/baize-chatbot/main/data/{part}_chat_data.json")],
        },
        new("hh-rlhf", "en", "dialogues with the answer that people preferred", ["hh-rlhf*.json*", "hh-rlhf/*"])
        {
            Task = OneTask, Generation = Mixed, Rows = 284_517, Licence = Mit, MadeBy = "people, models", Source = "anthropics/hh-rlhf",
            Files = ["hf:Anthropic/hh-rlhf/harmless-base/train.jsonl.gz", "hf:Anthropic/hh-rlhf/helpful-base/train.jsonl.gz"], Importer = Importers.HhRlhf,
        },
        new("oig", "en", "questions and other tasks, augmented", ["oig*.jsonl*", "OIG*.jsonl*", "unified_*.jsonl*"])
        {
            Generation = Collected, Rows = 49_237, Licence = Apache, MadeBy = "augmentation", Source = "hf:laion/OIG", Files = ["hf:laion/OIG/unified_chip2.jsonl"], Importer = Importers.Oig,
        },
        new("gaokao", "zh", "questions of the college entrance examination", ["gaokao/*.json", "gaokao*.json"])
        {
            Generation = Collected, Rows = 2_785, Licence = Apache, MadeBy = "people", Source = "OpenLMLab/GAOKAO-Bench", Importer = Importers.Gaokao, IsOneObject = true,
        },
        new("camel", "en", "role play, code, mathematics, sciences", ["camel*.json*", "camel/*"])
        {
            Generation = SelfInstruct, Rows = 760_620, Licence = NonCommercial, MadeBy = "GPT-3.5-turbo", Source = "lightaime/camel", Files = ["hf:camel-ai/ai_society/ai_society_chat.tar.gz"], Importer = Importers.Camel,
        },
        new("flan-muffin", "en", "60 tasks", ["flan*.jsonl", "FLAN-Muffin*.json*", "flan/*"])
        {
            Generation = Collected, Rows = 1_764_800, MadeBy = "people", Source = "hf:Muennighoff/flan", Files = ["hf:Muennighoff/flan"], Importer = Importers.Fields("inputs", null, "targets"),
        },
        new("coig", "zh", "exams, translated instructions, values", ["coig*.json*", "coig/*"])
        {
            Generation = Collected, Rows = 298_428, Licence = Apache, MadeBy = "automatic, verified by people", Source = "hf:BAAI/COIG", Files = ["hf:BAAI/COIG/translated_instructions.jsonl", "hf:BAAI/COIG/exam_instructions.jsonl"], Importer = Importers.Coig,
        },
        new("gpt4tools", "en", "use of tools", ["gpt4tools*.json*"]) { Generation = SelfInstruct, Rows = 71_446, MadeBy = "GPT-3.5-turbo", Source = "StevenGrove/GPT4Tools" },
        new("sharechat", "en", "ChatGPT conversations that people shared", ["sharegpt*.json*", "sg_*.json", "sharechat*.json*"])
        {
            Generation = Mixed, Rows = 1_663_241, Licence = "CC0-1.0", MadeBy = "people, ChatGPT", Source = "hf:RyokoAI/ShareGPT52K", Files = ["hf:RyokoAI/ShareGPT52K/sg_52k.json"],
        },
        new("fastchat", "en", "ShareGPT conversations", ["fastchat*.json*"]) { Generation = Mixed, MadeBy = "people, ChatGPT", Source = "lm-sys/FastChat" },
        new("auto-cot", "en", "arithmetic, commonsense and symbolic reasoning with rationales", ["auto-cot*.json*", "Auto_CoT*.json*", "auto-cot/*"])
        {
            Generation = Collected, Rows = 5_816, Licence = Apache, MadeBy = "people", Source = "amazon-science/auto-cot", Importer = Importers.AutoCot, IsOneObject = true,
        },
        new("moss", Multi, "helpful, honest, harmless chats", ["moss*.json*", "moss/*"])
        {
            Task = OneTask, Generation = SelfInstruct, Rows = 1_583_595, Licence = NonCommercial, MadeBy = "text-davinci-003", Source = "OpenLMLab/MOSS", Files = ["hf:fnlp/moss-003-sft-data/moss-003-sft-no-tools.jsonl.zip"], Importer = Importers.Moss,
        },
        new("ultrachat", "en", "the world, writing, help with given texts", ["ultrachat*.json*", "ultrachat/*"])
        {
            Generation = SelfInstruct, Rows = 28_247_446, Licence = Mit, MadeBy = "two GPT-3.5-turbo", Source = "thunlp/UltraChat", Files = ["hf:stingning/ultrachat"], Importer = Importers.UltraChat,
        },
        new("chinese-medical", "zh", "doctors' advice", ["chinese-medical*.csv", "chinese-medical/*.csv", "chinese_medical*.json*"])
        {
            Task = OneTask, Generation = Collected, Rows = 792_099, Licence = Mit, MadeBy = "collected on the web", Source = "Toyhom/Chinese-medical-dialogue-data", Importer = Importers.Medical,
        },
        new("csl", "zh", "papers: abstract, title, keywords, field", ["csl_*.tsv", "csl*.json*"])
        {
            Generation = Collected, Rows = 396_206, Licence = Apache, MadeBy = "collected on the web", Source = "ydli-ai/csl", Importer = Importers.Csl, Columns = ["title", "abstract", "keywords", "discipline", "category"],
        },
        new("pclue", "zh", "nine tasks as prompts", ["pCLUE*.json*", "pclue*.json*"])
        {
            Generation = Collected, Rows = 1_200_705, MadeBy = "people", Source = "CLUEbenchmark/pCLUE", Importer = Importers.Fields("input", null, "target"),
        },
        new("news-commentary", "zh", "translation of news", ["news_commentary*.json*"]) { Task = OneTask, Generation = Collected, Rows = 252_776, MadeBy = "people", Source = "hf:P01son/instructions" },
        new("stackllama", "en", "Stack Exchange, pairs of answers", ["stack-exchange*.json*", "stack-exchange-paired/*", "stackllama*.json*"])
        {
            Task = OneTask, Licence = "CC BY-SA 4.0", MadeBy = "people", Source = "hf:lvwerra/stack-exchange-paired", Files = ["hf:lvwerra/stack-exchange-paired"], Importer = Importers.StackExchange,
        },
        new("glaive-toolcall", "en", "calls of tools, several turns", ["glaive_toolcall*.json", "instructions/glaive_toolcall_en_demo.json"]) { Task = OneTask, Generation = SelfInstruct, Licence = Apache, Source = "hf:glaiveai/glaive-function-calling-v2" },
        new("seed-tasks", "en", "Self-Instruct's hand-written seed tasks", ["seed_tasks.jsonl", "instructions/seed_tasks.jsonl"]) { Rows = 175, Licence = NonCommercial, MadeBy = "people", Source = "tatsu-lab/stanford_alpaca" },
    ];

    /// <summary>Alpaca-CoT's ready-made mixes: its own files under their own names (one of which is misspelt there), else their parts one after another.</summary>
    private static IEnumerable<KnownSet> Combinations() =>
    [
        new("alpaca-cot", "en", "alpaca and cot", ["alcapa_plus_cot.json", "alpaca_plus_cot.json"]) { Generation = Collected, Rows = 126_773, Licence = "those of its parts", Source = "hf:QingyiSi/Alpaca-CoT", Parts = ["alpaca", "cot"] },
        new("alpaca-belle", Multi, "alpaca and belle", ["alpaca_plus_belle_data.json"]) { Generation = Collected, Licence = "those of its parts", Source = "hf:QingyiSi/Alpaca-CoT", Parts = ["alpaca", "belle"] },
        new("alpaca-belle-cot", Multi, "alpaca, belle and cot", ["alcapa_plus_belle_plus_cot.json", "alpaca_plus_belle_plus_cot.json"])
        {
            Generation = Collected, Licence = "those of its parts", Source = "hf:QingyiSi/Alpaca-CoT", Parts = ["alpaca", "belle", "cot"],
        },
    ];
}
