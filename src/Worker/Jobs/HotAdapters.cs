using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Inference;

namespace AlpacaCot.Worker.Jobs;

/// <summary>An adapter that answers requests, with the template that trained it.</summary>
/// <param name="Member">Its index in the bank; -1 for the bare base.</param>
/// <param name="Template">The template; null where there is none.</param>
internal sealed record HotAdapter(int Member, IConversationForm? Template);

/// <summary>The adapters of a served base: loaded when they are first asked, kept for the next request, and given up for others once there are many.</summary>
internal sealed class HotAdapters(LoadedBase model, AdapterBank bank, InferenceEngine engine) : IDisposable
{
    /// <summary>Adapters that stay loaded without being asked: few megabytes each, beside a base.</summary>
    private const int MostIdle = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly HotAdapter _bare = new(-1, TemplateFile.Load(model.Path));
    private long _clock;

    /// <summary>An adapter, loaded if need be; it stays until it is returned.</summary>
    /// <param name="folder">Its directory; null for the bare base.</param>
    /// <param name="template">The template that it is asked through; null is the one stored beside the adapter or the model.</param>
    /// <exception cref="AdapterException">It cannot be loaded.</exception>
    public HotAdapter Take(string? folder, string? template = null)
    {
        var named = template is null ? null : ConversationForms.Get(template, model.Tokenizer, model.Path);
        if (folder is null) return named is null ? _bare : _bare with { Template = named };
        lock (_gate)
        {
            if (!_entries.TryGetValue(folder, out var entry)) _entries[folder] = entry = Load(folder);
            entry.Users++;
            return named is null ? entry.Hot : entry.Hot with { Template = named };
        }
    }

    /// <summary>Gives an adapter back.</summary>
    public void Return(string? folder)
    {
        if (folder is null) return;
        lock (_gate)
        {
            var entry = _entries[folder];
            entry.Users--;
            entry.LastUse = ++_clock;
            foreach (var idle in _entries.Where(other => other.Value.Users == 0).OrderByDescending(other => other.Value.LastUse).Skip(MostIdle).ToList())
            {
                _entries.Remove(idle.Key);
                Unload(idle.Value);
            }
        }
    }

    /// <summary>To be called once the engine has ended.</summary>
    public void Dispose()
    {
        lock (_gate)
            foreach (var entry in _entries.Values) entry.Adapter.Dispose();
    }

    private Entry Load(string folder)
    {
        var template = TemplateFile.Load(folder);
        return engine.BetweenSteps(() =>
        {
            var adapter = AdapterDirectory.Load(model.Decoder, folder);
            try
            {
                return new Entry(adapter, new HotAdapter(bank.Add(adapter), template));
            }
            catch
            {
                adapter.Dispose();
                throw;
            }
        });
    }

    private void Unload(Entry entry) => engine.BetweenSteps(() =>
    {
        bank.Remove(entry.Hot.Member);
        entry.Adapter.Dispose();
        return true;
    });

    private sealed class Entry(Adapter adapter, HotAdapter hot)
    {
        public Adapter Adapter => adapter;

        public HotAdapter Hot => hot;

        public int Users { get; set; }

        public long LastUse { get; set; }
    }
}
