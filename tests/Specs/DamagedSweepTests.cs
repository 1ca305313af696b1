using System.Text;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

/// <summary>Sweep files are written by hand: whatever is wrong with one, it is read or every mistake is told in one line with its place; nothing else happens.</summary>
public sealed class DamagedSweepTests
{
    [PropertyTest(400)]
    public void Parse_DamagedText_ReadOrRemarks(Damage damage) => ReadOrRemarks(Encoding.UTF8.GetString(damage.Apply(Encoding.UTF8.GetBytes(SweepFiles.Example))));

    [PropertyTest(400)]
    public void Parse_OtherValues_ReadOrRemarks(JsonDamage damage) => ReadOrRemarks(damage.Apply(SweepSpecJson.Write(SweepFiles.ExampleSpec)));

    [PropertyTest(200)]
    public void Parse_AnyText_ReadOrRemarks(string? text) => ReadOrRemarks(text ?? "");

    [PropertyTest(200)]
    public void Parse_WhatIsValid_SaysTheSameAsCanonicalJson(Damage damage)
    {
        var document = SweepDocument.Parse(Encoding.UTF8.GetString(damage.Apply(Encoding.UTF8.GetBytes(SweepFiles.Example))));
        if (!document.IsValid) return;
        var json = SweepSpecJson.Write(document.Spec);
        Assert.Equal(json, SweepSpecJson.Write(SweepDocument.ParseValid(json)));
    }

    private static void ReadOrRemarks(string text)
    {
        var document = SweepDocument.Parse(text);
        // All that YAML takes for the end of a line.
        var lines = 1 + text.Count(c => c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029');
        foreach (var remark in document.Remarks)
        {
            Assert.InRange(remark.Line, 0, lines + 1);
            Assert.False(string.IsNullOrWhiteSpace(remark.Message));
            Assert.DoesNotContain('\n', remark.ToString());
        }
        _ = SpecValidator.Validate(document, new SpecFacts());
        if (!document.IsValid) return;
        var keys = new TrialKeys(document.Spec, SpecIdentities.None);
        foreach (var cell in GridCells.Of(document.Spec).Take(1000)) Assert.Equal(64, keys.Training(cell.Model, cell.Method, cell.Data, cell.Seed, 1).Length);
    }
}
