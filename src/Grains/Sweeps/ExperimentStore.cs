using System.Globalization;
using AlpacaCot.Grains.Contracts;
using Orleans.Storage;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>A page of an experiment's sweeps.</summary>
internal sealed class ExperimentPage
{
    public List<SweepSummary> Sweeps { get; set; } = [];
}

/// <summary>
/// An experiment's record in the store: its sweeps in the order of their submission, in pages. A sweep that begins or ends writes its page, and not all that there ever were, so that what is written
/// grows with the number of sweeps and not with its square.
/// </summary>
internal sealed class ExperimentStore(GrainId experiment, IGrainStorage storage)
{
    /// <summary>Some ten kilobytes.</summary>
    public const int PageSize = 64;

    private readonly List<GrainState<ExperimentPage>> _pages = [];

    /// <summary>All sweeps.</summary>
    public IEnumerable<SweepSummary> Sweeps => _pages.SelectMany(page => page.State!.Sweeps);

    /// <summary>Reads the record.</summary>
    public async Task LoadAsync()
    {
        GrainState<ExperimentPage> page;
        do
        {
            page = new GrainState<ExperimentPage>(new ExperimentPage());
            await storage.ReadStateAsync(NameOf(_pages.Count), experiment, page).WithinPatience();
            page.State ??= new ExperimentPage();
            _pages.Add(page);
        }
        while (page.RecordExists);
        // The last was asked for and is not there; the first is there whether it was or not.
        if (_pages.Count > 1) _pages.RemoveAt(_pages.Count - 1);
    }

    /// <summary>Puts a sweep in its place, or behind the others; the page that holds it.</summary>
    public int Put(SweepSummary summary)
    {
        for (var index = 0; index < _pages.Count; index++)
        {
            var sweeps = _pages[index].State!.Sweeps;
            if (sweeps.FindIndex(sweep => sweep.Name == summary.Name) is not (>= 0 and var at)) continue;
            sweeps[at] = summary with { Submitted = sweeps[at].Submitted };
            return index;
        }
        if (_pages[^1].State!.Sweeps.Count >= PageSize) _pages.Add(new GrainState<ExperimentPage>(new ExperimentPage()));
        _pages[^1].State!.Sweeps.Add(summary);
        return _pages.Count - 1;
    }

    /// <summary>Takes a sweep out; the page that held it, null where none did. A page that empties stays: the record ends at the first that is not there.</summary>
    public int? Remove(string name)
    {
        var page = _pages.FindIndex(page => page.State!.Sweeps.Exists(sweep => sweep.Name == name));
        if (page < 0) return null;
        _pages[page].State!.Sweeps.RemoveAll(sweep => sweep.Name == name);
        return page;
    }

    /// <summary>Writes a page.</summary>
    public Task WriteAsync(int page) => storage.WriteStateAsync(NameOf(page), experiment, _pages[page]).WithinPatience();

    private static string NameOf(int page) => page == 0 ? "experiment" : string.Create(CultureInfo.InvariantCulture, $"page-{page}");
}
