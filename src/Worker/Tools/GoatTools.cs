using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Tools;

/// <summary><c>data goat …</c>: arithmetic from the generator, its table, and answers checked step by step.</summary>
internal static class GoatTools
{
    private const int RowsBetweenBeats = 10_000;
    private const int ShownFaults = 20;

    private static readonly JsonWriterOptions _rowOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the rows as JSON lines: instruction, input, output, answer.</summary>
    public static void Generate(GenerateGoatRequest request, JobContext context)
    {
        var (goat, file, seed) = (request.Goat, request.Out, request.Seed);
        if (!request.Force && File.Exists(file)) throw new ToolException($"{file} is there already; --force replaces it");
        var watch = Stopwatch.StartNew();
        var (rows, operations) = (0, new SortedDictionary<GoatOperation, int>());
        AtomicFile.Write(file, stream =>
        {
            using var json = new Utf8JsonWriter(stream, _rowOptions);
            foreach (var item in GoatGenerator.Stream(goat, seed, request.Threads ?? Environment.ProcessorCount))
            {
                if (rows++ % RowsBetweenBeats == 0) Beat(context);
                operations[item.Question.Operation] = operations.GetValueOrDefault(item.Question.Operation) + 1;
                json.WriteStartObject();
                json.WriteString("instruction", item.Record.Instruction);
                json.WriteString("input", item.Record.Input);
                json.WriteString("output", item.Record.Output);
                json.WriteString("answer", item.Record.Answer);
                json.WriteEndObject();
                json.Flush();
                json.Reset();
                stream.WriteByte((byte)'\n');
            }
        });
        var (seconds, counts) = (watch.Elapsed.TotalSeconds, operations.ToDictionary(pair => Words.Operations.Of(pair.Key), pair => pair.Value));
        context.Answer(
            new { file, rows, seed, operations = counts, cells = GoatGenerator.Cells(goat).Count, seconds, rows_per_s = rows / seconds, version = GoatGenerator.Version },
            string.Create(CultureInfo.InvariantCulture, $"{file}: {rows} rows in {seconds:F1} s ({string.Join(", ", counts.Select(pair => $"{pair.Value} {pair.Key}"))})"));
    }

    /// <summary>Shows the cells that are drawn from, part by part.</summary>
    public static void Cells(GoatCellsRequest request, JobContext context)
    {
        var goat = request.Goat;
        var cells = GoatGenerator.Cells(goat);
        var parts = cells.GroupBy(cell => cell.Part).Select(part => new { part = Word(part.Key), cells = part.Count(), rows = part.Sum(cell => cell.Rows) }).ToList();
        var text = new StringBuilder();
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.part,-26} {part.rows,9} rows in {part.cells} cells\n");
        text.Append(CultureInfo.InvariantCulture, $"{"all",-26} {cells.Sum(cell => cell.Rows),9} rows in {cells.Count} cells");
        context.Answer(
            new { rows = cells.Sum(cell => cell.Rows), parts, cells = cells.Select(cell => new { part = Word(cell.Part), cell = cell.Cell, rows = cell.Rows }) },
            text.ToString());
    }

    /// <summary>Checks every step of the answers in a file and tells where each first goes wrong.</summary>
    public static void Verify(VerifyGoatRequest request, JobContext context)
    {
        var (file, question, answer) = (request.File, request.Question, request.Answer);
        var (rows, right, accepted, steps, wrong) = (0, 0, 0, 0L, 0L);
        var faults = new List<object>();
        var lines = new StringBuilder();
        foreach (var row in RowFile.Stream(file))
        {
            if (rows++ % RowsBetweenBeats == 0) Beat(context);
            string Field(string name) => row.Fields[name] is { } value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : throw new ToolException($"{file}: {row.Place}: has no text '{name}'");
            var readings = GoatQuestionText.Readings(Field(question)) is { Count: > 0 } questions ? questions : throw new ToolException($"{file}: {row.Place}: {Field(question)} is no question of the generator: write a clean expression, 12 * 34");
            var output = Field(answer);
            var (asked, verdict) = readings.Select(reading => (reading, GoatVerifier.Verify(reading, output))).MinBy(pair => (!pair.Item2.AnswerRight, pair.Item2.WrongSteps));
            if (!verdict.Accepted && GoatQuestionText.Finer(asked).Select(finer => GoatVerifier.Verify(finer, output)).FirstOrDefault(finer => finer.Accepted) is { } better) verdict = better;
            (right, accepted, steps, wrong) = (right + (verdict.AnswerRight ? 1 : 0), accepted + (verdict.Accepted ? 1 : 0), steps + verdict.Steps, wrong + verdict.WrongSteps);
            if (verdict.Accepted || faults.Count >= ShownFaults) continue;
            var fault = verdict.First;
            faults.Add(new { row = row.Place, question = asked.Expression, answer_right = verdict.AnswerRight, step = fault?.Number, line = fault?.Line, text = fault?.Text, reason = fault?.Reason ?? "the final answer is wrong" });
            lines.Append(CultureInfo.InvariantCulture, $"{row.Place}: {asked.Expression}: {(fault is null ? "the final answer is wrong" : $"step {fault.Number} (line {fault.Line}) {fault.Text}: {fault.Reason}")}\n");
        }
        context.Answer(
            new { file, rows, accepted, answers_right = right, steps, wrong_steps = wrong, step_accuracy = steps == 0 ? 1 : 1 - (double)wrong / steps, faults },
            $"{lines}{string.Create(CultureInfo.InvariantCulture, $"{rows} rows: {accepted} right in every step, {right} right in the answer; {steps - wrong} of {steps} steps hold")}");
    }

    private static void Beat(JobContext context)
    {
        context.Stop.ThrowIfCancellationRequested();
        context.Beat(WorkPhases.Prepare);
    }

    private static string Word(GoatPart part) => part switch
    {
        GoatPart.Addition => "addition",
        GoatPart.Subtraction => "subtraction",
        GoatPart.MultiplicationByDigit => "multiplication n×1",
        GoatPart.Multiplication => "multiplication n×m",
        GoatPart.DivisionByDigit => "division n/1",
        GoatPart.Division => "division n/m",
        _ => "other",
    };
}
