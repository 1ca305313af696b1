namespace AlpacaCot.Data.Cot;

/// <summary>
/// 100 pairs of question and answer forms for the nine chain-of-thought sets of FLAN v2, as many for each set as there, in English and in Chinese. The
/// wording is ours. As there, the cue stands after the question in about half of the pairs, some pairs stage a short dialogue, 21 ask to think aloud, and the
/// closing sentences have FLAN's counts over all 100 pairs.
/// </summary>
public static class CotTemplates
{
    private const string After = "{question}\n{cue}";
    private const string Before = "{cue}\n{question}";

    /// <summary>The sets and how many pairs each has.</summary>
    public static IReadOnlyList<(string Set, int Pairs)> Sets { get; } =
        [("aqua", 15), ("creak", 10), ("ecqa", 10), ("esnli", 10), ("gsm8k", 10), ("qasc", 10), ("qed", 15), ("sensemaking", 10), ("strategyqa", 10)];

    // What each set asks for, said in ways that fit its questions.
    private static readonly Dictionary<string, string[]> _cues = new(StringComparer.Ordinal)
    {
        ["aqua"] =
        [
            "Work the problem out step by step before you choose an option.", "Show the calculation first, then name the option.", "Solve it with all steps written down.", "Reason through the numbers and then pick one.", "Let's calculate step by step.",
            "Think aloud while you solve this:", "Say what goes through your mind as you calculate:", "Let your thoughts run until the option is clear:", "Write down your stream of thought, then the option:", "Think aloud:",
            "Tell me your train of thought while you work on it:", "Muse over the problem in full sentences first:", "Put your thoughts on paper as they come:", "Follow your thoughts aloud to one of the options:", "Speak your thoughts, then decide:",
        ],
        ["creak"] = ["Give your reasons before you judge the claim.", "Let's think about whether this can be true.", "What speaks for or against it? Then decide.", "Explain first, then judge.", "Think carefully about what is known of it.", "Reason step by step, then say what holds.", "Check the claim against common knowledge and explain.", "Justify your verdict before you give it.", "Think it through first and then decide.", "What do you know about this? Conclude from it."],
        ["ecqa"] = ["Choose the option that makes most sense, after explaining why.", "Explain what speaks for your choice, then name it.", "Let's think step by step.", "Weigh the options against each other and then answer.", "Use common sense, and say how you use it.", "Give a rationale before the answer.", "Think about everyday life first, then answer.", "Which option fits, and why? Explain first.", "Reason about each option, then choose.", "Think the situation through and then pick one."],
        ["esnli"] = ["Does one follow from the other? Explain first.", "Let's think about what the sentences say.", "Compare the two sentences step by step, then decide.", "Give the reason before the relation.", "Explain how they relate, then answer.", "Think carefully about what must be true.", "Picture the scene and reason from it.", "Justify the relation and then name it.", "Reason step by step, then choose.", "What does the first tell about the second? Conclude from it."],
        ["gsm8k"] = ["Let's think step by step.", "Work it out step by step.", "Show how you get to the number.", "Solve it carefully and write down each step.", "Do the calculation one step at a time.", "Explain your calculation, then give the number.", "Think it through first and then answer.", "Give the steps of the solution before the answer.", "Reason about the quantities, then calculate.", "Think aloud until you have the number:"],
        ["qasc"] = ["Combine the facts that you need, then answer.", "Which facts lead to the answer? Start with them.", "Let's think step by step.", "Explain with science before you choose.", "Give the facts first and the option last.", "Think about the science behind it, then pick one.", "Reason from fact to fact.", "Explain your choice before you name it.", "Recall what you know about this and conclude.", "Write down the two facts that decide it."],
        ["qed"] =
        [
            "Find the sentence that answers it, and explain.", "Let's think step by step.", "Point to what the passage says, then answer.", "Explain what is meant in the passage before you answer.", "Answer from the passage, with reasons first.",
            "Think aloud while you read the passage:", "Let your thoughts run over the passage:", "Tell me your train of thought:", "Say what goes through your mind as you read:", "Write down your stream of thought, then the answer:",
            "Muse over the passage first:", "Put your thoughts on paper as they come:", "Follow your thoughts aloud to the answer:", "Think aloud:", "Speak your thoughts, then answer:",
        ],
        ["sensemaking"] = ["Explain what is odd before you choose.", "Let's think about which of them can happen.", "Use common sense and give the reason first.", "Think about everyday life, then decide.", "Why would one of them be strange? Then name it.", "Reason step by step, then choose.", "Compare the sentences and explain.", "Give your reason first and the sentence last.", "Picture both situations, then decide.", "Think it through first and then answer."],
        ["strategyqa"] = ["Let's think step by step.", "Which facts decide it? Give them first.", "Break the question into smaller ones, then answer yes or no.", "Reason from what is known, then decide.", "Explain first, then answer yes or no.", "Think about what would have to be true.", "Plan how to find out, then conclude.", "Give the evidence before the verdict.", "Think it through first and then decide.", "Recall what you know about this and reason from it."],
    };

    private static readonly string[] _chineseCues =
    [
        "让我们一步一步地思考。", "请先说明推理过程，再给出答案。", "先思考，再决定。", "请逐步推理，然后回答。", "请写出思考的每一步。", "请先解释原因，最后给出答案。", "仔细想一想，再作答。", "请把推理过程写下来。", "先列出需要的事实，再得出结论。", "请边想边说，最后回答。",
        "请把你的想法依次说出来：", "想到什么就说什么，最后给出答案：", "请先分析题目，再回答。", "请说明理由，再作判断。", "请先推导，再下结论。",
    ];

    private static readonly (string Closing, int Pairs)[] _closings =
    [
        ("\nTherefore, the answer is {answer}.", 8), (" So, the answer is {answer}.", 8), ("\nThe final answer: {answer}.", 8), (" The answer is {answer}.", 8), ("\nThe answer: {answer}.", 7),
        (" So the final answer is {answer}.", 7), ("\nThus, the answer is {answer}.", 7), (" Final answer: {answer}.", 7), ("\nSo, the answer is {answer}.", 7), (" So the answer is {answer}.", 7),
        (" The answer: {answer}.", 7), ("\nSo, the final answer is {answer}.", 6), (" The final answer: {answer}.", 6), (" Therefore, the final answer is {answer}.", 6), ("\nThe answer is {answer}.", 1),
    ];

    private static readonly string[] _chineseClosings = ["\n因此，答案是{answer}。", "所以答案是{answer}。", "\n最终答案：{answer}。", "综上，答案为{answer}。", "\n答案：{answer}。"];

    private static readonly string[] _dialogues =
    [
        "Student: {question}\nTeacher: {cue}\nStudent:", "Anna: {question}\nBen: I wonder how you would go about it. {cue}\nAnna:", "Question: {question}\nA friend adds: {cue}\nReply:",
    ];

    private static readonly string[] _chineseDialogues = ["学生：{question}\n老师：{cue}\n学生：", "小明：{question}\n小红：你会怎么想？{cue}\n小明："];

    private static readonly Dictionary<(string Set, bool Chinese), IReadOnlyList<CotTemplate>> _pairs = Build();

    /// <summary>The pairs of the set that a record's source names (<c>gsm8k_train.tsv</c>, <c>cot-gsm8k</c>); all of them where it names none.</summary>
    /// <param name="source">The record's source.</param>
    /// <param name="language"><c>zh</c> for Chinese forms, anything else for English ones.</param>
    public static IReadOnlyList<CotTemplate> Of(string source, string? language)
    {
        var set = Sets.FirstOrDefault(known => source.Contains(known.Set, StringComparison.OrdinalIgnoreCase)).Set;
        return _pairs[(set ?? "", IsChinese(language))];
    }

    /// <summary>Whether a language is Chinese.</summary>
    internal static bool IsChinese(string? language) => language is not null && (language.StartsWith("zh", StringComparison.OrdinalIgnoreCase) || language.Equals("cn", StringComparison.OrdinalIgnoreCase));

    /// <summary>Every sentence that asks for thought, in both languages.</summary>
    public static IReadOnlyList<string> Cues { get; } = [.. _pairs.Values.SelectMany(pairs => pairs).Select(pair => pair.Cue).Distinct()];

    private static Dictionary<(string, bool), IReadOnlyList<CotTemplate>> Build()
    {
        var pairs = new Dictionary<(string, bool), IReadOnlyList<CotTemplate>>();
        var closings = _closings.SelectMany(closing => Enumerable.Repeat(closing.Closing, closing.Pairs)).ToList();
        // Spread over the sets by a stride that has no factor in common with their number: each set has many of the closings.
        const int Stride = 37;
        var number = 0;
        foreach (var (set, count) in Sets)
        {
            var (english, chinese) = (new List<CotTemplate>(), new List<CotTemplate>());
            for (var i = 0; i < count; i++, number++)
            {
                english.Add(new(_cues[set][i], Form(i, After, Before, _dialogues), "{cot}" + closings[number * Stride % closings.Count]));
                chinese.Add(new(_chineseCues[i], Form(i, After, Before, _chineseDialogues), "{cot}" + _chineseClosings[number % _chineseClosings.Length]));
            }
            (pairs[(set, false)], pairs[(set, true)]) = (english, chinese);
        }
        foreach (var chinese in (bool[])[false, true])
            pairs[("", chinese)] = [.. Sets.SelectMany(set => pairs[(set.Set, chinese)])];
        return pairs;
    }

    private static string Form(int i, string after, string before, string[] dialogues) => i % 5 == 3 ? dialogues[i / 5 % dialogues.Length] : i % 2 == 0 ? after : before;
}
