namespace AlpacaCot.Data.Tests;

public sealed class AnswerExtractionTests
{
    [Theory]
    [InlineData("1463456 + 2107 = 1465563", "1465563")]
    [InlineData("8432862 - 659016175 = -650583313", "-650583313")]
    [InlineData("2514 - 64 * 30 = 594\nTherefore, 8914 / 64 = 139 R 18", "139 R 18")]
    [InlineData("7 / 0 is undefined", "undefined")]
    [InlineData("7+6+0=13\n5+8+1=14\n57 + 86 = 143\n", "143")]
    [InlineData("Because. Therefore, the answer is (B).", "(B)")]
    [InlineData("The answer is 3. Wait.\nSo, the final answer is 4.5.", "4.5")]
    [InlineData("Because.\nFinal answer: Sentence A.", "Sentence A")]
    [InlineData("Because. The answer is: yes", "yes")]
    [InlineData("The answer is therefore 3. Final answer: 4.", "4")]
    [InlineData("因为如此。所以答案是 42。", "42")]
    [InlineData("48/2 = 24\n#### 72\nmore", "72")]
    [InlineData("443", "443")]
    [InlineData("some words\nyes\n\n", "yes")]
    [InlineData("", "")]
    public void FinalAnswer_EveryForm_IsFound(string output, string answer) => Assert.Equal(answer, AnswerExtraction.FinalAnswer(output));

    [Theory]
    [InlineData("about 1,234.5 then -7", "-7")]
    [InlineData("costs $1,024.", "1024")]
    [InlineData("none", null)]
    public void LastNumber_Text_TakesTheLast(string output, string? number) => Assert.Equal(number, AnswerExtraction.LastNumber(output));

    [Theory]
    [InlineData(" 1,024. ", "1024")]
    [InlineData("12,34", "12,34")]
    [InlineData("139  R\n18", "139 R 18")]
    public void Normalise_Answers_CompareEqual(string answer, string normal) => Assert.Equal(normal, AnswerExtraction.Normalise(answer));
}
