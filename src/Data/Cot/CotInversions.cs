namespace AlpacaCot.Data.Cot;

/// <summary>
/// 18 forms that turn the roles of a chain-of-thought row around, of FLAN v2's four kinds and in its numbers: rationale and answer → question (3), question
/// and answer → rationale (5), rationale → question and answer (6), answer → question and rationale (4). The wording is ours.
/// </summary>
public static class CotInversions
{
    private const string Q = "{question}", A = "{answer}", R = "{cot}";

    /// <summary>The English forms: what is asked, and what is answered.</summary>
    public static IReadOnlyList<(string Asked, string Answered)> English { get; } =
    [
        ($"{R}\nThe answer is {A}.\nWhich question was asked?", Q),
        ($"Answer: {A}\nReasoning: {R}\nWrite the question that both belong to.", Q),
        ($"Somebody reasoned as follows and came to \"{A}\":\n{R}\nWhat was the question?", Q),
        ($"{Q}\nThe answer is {A}. Explain how one gets there.", R),
        ($"Question: {Q}\nAnswer: {A}\nWhy is that so?", R),
        ($"Give the reasoning that leads from the question to the answer.\nQuestion: {Q}\nAnswer: {A}", R),
        ($"{Q}\nWe know that it is {A}. What is the rationale?", R),
        ($"Justify the answer \"{A}\" to this question:\n{Q}", R),
        ($"{R}\nWrite a question that this explains, and its answer.", $"Question: {Q}\nAnswer: {A}"),
        ($"Rationale: {R}\nFind question and answer.", $"{Q}\nAnswer: {A}"),
        ($"Here is how somebody reasoned:\n{R}\nWhat was asked, and what is the answer?", $"The question: {Q}\nThe answer: {A}"),
        ($"Make an exercise with its solution out of this explanation:\n{R}", $"Exercise: {Q}\nSolution: {A}"),
        ($"Which question and which answer does this reasoning connect?\n{R}", $"Q: {Q}\nA: {A}"),
        ($"{R}\nState the question behind this and answer it.", $"{Q}\nThe answer is {A}."),
        ($"The answer is {A}. Make up a question for it and explain.", $"Question: {Q}\nExplanation: {R}"),
        ($"Write a question whose answer is \"{A}\", and the reasoning.", $"{Q}\nReasoning: {R}"),
        ($"Answer: {A}\nWhat may have been asked, and why is this the answer?", $"The question: {Q}\nThe reason: {R}"),
        ($"Invent an exercise with the result {A}, and work it out.", $"Exercise: {Q}\nWorking: {R}"),
    ];

    /// <summary>The Chinese forms, of the same kinds in the same order.</summary>
    public static IReadOnlyList<(string Asked, string Answered)> Chinese { get; } =
    [
        ($"{R}\n答案是{A}。原来的问题是什么？", Q), ($"答案：{A}\n推理：{R}\n请写出对应的问题。", Q), ($"有人这样推理，得出“{A}”：\n{R}\n问题是什么？", Q),
        ($"{Q}\n答案是{A}。请说明如何得到。", R), ($"问题：{Q}\n答案：{A}\n为什么？", R), ($"请写出从问题到答案的推理。\n问题：{Q}\n答案：{A}", R), ($"{Q}\n已知答案为{A}，理由是什么？", R), ($"请说明“{A}”为何是下面问题的答案：\n{Q}", R),
        ($"{R}\n请根据这段解释写出问题和答案。", $"问题：{Q}\n答案：{A}"), ($"推理：{R}\n请找出问题与答案。", $"{Q}\n答案：{A}"), ($"有人这样推理：\n{R}\n问的是什么，答案又是什么？", $"问题是：{Q}\n答案是：{A}"), ($"请把这段解释编成一道带答案的题：\n{R}", $"题目：{Q}\n解答：{A}"),
        ($"这段推理连接了哪个问题和哪个答案？\n{R}", $"问：{Q}\n答：{A}"), ($"{R}\n请说出背后的问题并回答。", $"{Q}\n答案是{A}。"),
        ($"答案是{A}。请为它编一个问题并解释。", $"问题：{Q}\n解释：{R}"), ($"请写一个答案为“{A}”的问题，并给出推理。", $"{Q}\n推理：{R}"), ($"答案：{A}\n可能问了什么，为什么是这个答案？", $"问题是：{Q}\n原因是：{R}"), ($"请编一道结果为{A}的题并解答。", $"题目：{Q}\n过程：{R}"),
    ];

    /// <summary>The forms of a language.</summary>
    public static IReadOnlyList<(string Asked, string Answered)> Of(string? language) => CotTemplates.IsChinese(language) ? Chinese : English;
}
