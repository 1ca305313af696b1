using global::Orleans.Storage;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

public sealed class NoteState
{
    public string Text { get; set; } = "fresh";

    public int Writes { get; set; }
}

public interface INoteGrain : IGrainWithStringKey
{
    Task Write(string text);

    Task<string> Read();

    Task<string> Reload();

    Task Clear();

    Task<(string? Etag, bool Exists)> Version();

    Task WriteBehindTheBack(string text);

    Task End();

    Task<Guid> Activation();
}

public class NoteGrain([PersistentState("note", "store")] IPersistentState<NoteState> note, IServiceProvider services) : Grain, INoteGrain
{
    private string _atActivation = "";
    private readonly Guid _activation = Guid.NewGuid();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _atActivation = note.State.Text;
        return Task.CompletedTask;
    }

    public async Task Write(string text)
    {
        note.State.Text = text;
        note.State.Writes++;
        await note.WriteStateAsync();
    }

    public Task<string> Read() => Task.FromResult($"{note.State.Text}/{_atActivation}");

    public async Task<string> Reload()
    {
        note.State.Text = "dirty";
        await note.ReadStateAsync();
        return note.State.Text;
    }

    public Task Clear() => note.ClearStateAsync();

    public Task<(string? Etag, bool Exists)> Version() => Task.FromResult((note.Etag, note.RecordExists));

    public async Task WriteBehindTheBack(string text)
    {
        var storage = services.GetRequiredKeyedService<IGrainStorage>("store");
        var state = new GrainState<NoteState>();
        await storage.ReadStateAsync("note", this.GetGrainId(), state);
        state.State!.Text = text;
        await storage.WriteStateAsync("note", this.GetGrainId(), state);
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> Activation() => Task.FromResult(_activation);
}

public sealed class StateTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private INoteGrain Note(string name) => silo.Grains.GetGrain<INoteGrain>(name);

    [Fact]
    public async Task State_OfANewGrain_IsFreshAndDoesNotExist()
    {
        Assert.Equal("fresh/fresh", await Note("new").Read());
        Assert.Equal((null, false), await Note("new").Version());
    }

    [Fact]
    public async Task State_Written_IsReadBeforeTheNextActivation()
    {
        var note = Note("kept");
        await note.Write("hello");
        var first = await note.Activation();
        await note.End();
        await Poll.UntilAsync(async () => await note.Activation() != first, "a new activation");
        Assert.Equal("hello/hello", await note.Read());
        Assert.True((await note.Version()).Exists);
    }

    [Fact]
    public async Task Reload_DropsWhatIsInMemory()
    {
        await Note("reload").Write("stored");
        Assert.Equal("stored", await Note("reload").Reload());
    }

    [Fact]
    public async Task Clear_MakesTheStateFresh()
    {
        await Note("clear").Write("x");
        await Note("clear").Clear();
        Assert.Equal("fresh", (await Note("clear").Read()).Split('/')[0]);
        Assert.False((await Note("clear").Version()).Exists);
        await Note("clear").Write("again");
        Assert.True((await Note("clear").Version()).Exists);
    }

    [Fact]
    public async Task Write_AfterAForeignOne_ConflictsAndTheNextActivationSeesTheForeignState()
    {
        var note = Note("conflict");
        await note.Write("mine");
        var first = await note.Activation();
        await note.WriteBehindTheBack("theirs");
        await Assert.ThrowsAsync<InconsistentStateException>(() => note.Write("mine again"));
        await Poll.UntilAsync(async () => await note.Activation() != first, "the activation ends after the conflict");
        Assert.Equal("theirs/theirs", await note.Read());
        await note.Write("after");
        Assert.StartsWith("after", await note.Read(), StringComparison.Ordinal);
    }
}
