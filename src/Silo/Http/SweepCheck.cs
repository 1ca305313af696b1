using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Silo.Http;

/// <summary>A sweep file that came over HTTP, checked as a whole: its text, and what a worker found out about its models, data and suites.</summary>
/// <param name="Document">The file as read.</param>
/// <param name="Facts">What the worker found out.</param>
/// <param name="BaseDirectory">What relative paths in it count from.</param>
internal sealed record SweepCheck(SweepDocument Document, SpecFacts Facts, string BaseDirectory)
{
    private IReadOnlyList<SpecError> Remarks => SpecValidator.Validate(Document, Facts);

    /// <summary>Whether it may run.</summary>
    public bool IsValid => Remarks.All(remark => remark.Severity != SpecSeverity.Error);

    /// <summary>Checks a file.</summary>
    /// <exception cref="WorkerToolException">No worker could look its names up.</exception>
    /// <param name="worker">Looks up what its names stand for.</param>
    /// <param name="grains">The grains, which prepare the data or know them from another sweep.</param>
    /// <param name="file">The file's bytes.</param>
    /// <param name="baseDirectory">What relative paths in it count from.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<SweepCheck> OfAsync(WorkerTool worker, IGrainFactory grains, byte[] file, string baseDirectory, CancellationToken cancellationToken)
    {
        var document = SweepDocument.Parse(file);
        // What could not be read at all has no names to look up.
        if (document.Spec.Name.Length == 0 && document.Spec.Models.Count + document.Spec.Data.Count == 0) return new SweepCheck(document, new SpecFacts(), baseDirectory);
        var check = await LookAsync(withoutMixes: true);
        // All errors are told at once, those of the data too.
        if (!check.IsValid) return await LookAsync(withoutMixes: false);
        try
        {
            return await grains.PrepareAsync(document.Spec, check.Facts, baseDirectory).WaitAsync(cancellationToken) is { } mixes
                ? check with { Facts = check.Facts with { Mixes = mixes } } : await LookAsync(withoutMixes: false);
        }
        catch (OrleansException e)
        {
            throw new WorkerToolException(e.Message);
        }

        async Task<SweepCheck> LookAsync(bool withoutMixes)
        {
            var facts = await worker.AskAsync(new PrepareRequest { Spec = document.Spec, BaseDirectory = baseDirectory, WithoutMixes = withoutMixes }, cancellationToken);
            return new SweepCheck(document, facts, baseDirectory);
        }
    }

    /// <summary>What is answered: every remark with its line and its fix, and how large the grid is where it may run.</summary>
    public object ToJson()
    {
        var grid = IsValid ? GridExpander.Expand(Document.Spec, SpecValidator.Identities(Document.Spec, Facts)) : null;
        return new { name = Document.Spec.Name, valid = IsValid, remarks = Remarks.Select(remark => remark.ToJson()), trials = grid?.Trials.Count, trainings = grid?.Trainings.Count };
    }
}
