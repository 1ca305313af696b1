using System.Globalization;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>A running sweep as a table that is drawn again and again: a row a pack or evaluation, with its phase, how far it is and how long that still takes; below it what ends next.</summary>
internal static class LiveTable
{
    /// <summary>A column; the least of its width keeps the table from jumping while figures grow.</summary>
    /// <param name="Head">Its head.</param>
    /// <param name="Least">Least characters.</param>
    /// <param name="IsNumber">Whether it stands to the right.</param>
    /// <param name="Cell">What stands in it.</param>
    private sealed record Column(string Head, int Least, bool IsNumber, Func<PackStatus, string> Cell);

    /// <summary>All columns. Where the terminal has no room for them, the last of these are left out first: a cell that is broken over two lines cannot be read.</summary>
    private static readonly Column[] _byImportance =
    [
        new("pack", 10, false, pack => $"{pack.Name} ({Number(pack.Members)})"),
        new("phase", 8, false, pack => pack.State == "running" && pack.Phase is { } phase ? phase : pack.State),
        new("step", 9, true, pack => pack.Total > 0 ? $"{Number(pack.Step)}/{Number(pack.Total)}" : ""),
        new("left", 9, true, pack => pack.SecondsLeft is { } left ? PlanView.Duration(left) : ""),
        new("loss", 7, true, pack => pack.Loss?.ToString("0.0000", CultureInfo.InvariantCulture) ?? ""),
        new("tokens/s", 8, true, pack => pack.TokensPerSecond?.ToString("0", CultureInfo.InvariantCulture) ?? ""),
        new("slot", 10, false, pack => pack.Slot ?? ""),
        new("fence", 5, true, pack => Number(pack.Fence)),
    ];

    /// <summary>The table in so many columns of a terminal.</summary>
    public static Table Draw(SweepProgress progress, int width)
    {
        var columns = _byImportance.ToList();
        // A border and a space on each side of a cell, and the last border.
        while (columns.Count > 1 && columns.Sum(column => WidthOf(column) + 3) + 1 > width) columns.RemoveAt(columns.Count - 1);
        var table = new Table().Border(TableBorder.Rounded).Title(Shown($"{progress.Name}: {SweepView.Counts(progress)}"));
        foreach (var column in columns)
            table.AddColumn(new TableColumn(column.Head) { NoWrap = true, Width = WidthOf(column), Alignment = column.IsNumber ? Justify.Right : Justify.Left });
        foreach (var pack in progress.Packs) table.AddRow([.. columns.Select(column => Shown(column.Cell(pack)))]);
        return Next(progress) is { } next ? table.Caption(Shown(ProgressLine.Cut(next, width))) : table;

        int WidthOf(Column column) => progress.Packs.Select(pack => VisibleText.OnOneLine(column.Cell(pack)).Length).Append(Math.Max(column.Least, column.Head.Length)).Max();
    }

    /// <summary>What ends next, as far as that can be told.</summary>
    private static string? Next(SweepProgress progress)
        => progress.Packs.Where(pack => pack.SecondsLeft is not null).MinBy(pack => pack.SecondsLeft) is { } next ? $"ends next: {next.Message}, in {PlanView.Duration(next.SecondsLeft)}" : null;

    private static string Shown(string text) => Markup.Escape(VisibleText.OnOneLine(text));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
