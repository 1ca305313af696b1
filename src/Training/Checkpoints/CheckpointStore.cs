using System.Globalization;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Training.Checkpoints;

/// <summary>
/// The checkpoints of one pack: folders <c>step-K</c>, written beside and renamed when complete, so that each is whole or absent.
/// Restoring takes the latest that agrees with its manifest.
/// </summary>
internal sealed class CheckpointStore(CheckpointPolicy policy, IReadOnlyList<string> settingsHashes, TimeProvider time)
{
    private const string Prefix = "step-";
    private readonly List<string> _warnings = [];
    private long _lastTime = time.GetTimestamp();
    private int _lastStep;

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Saves where the policy asks for it.</summary>
    public void SaveIfDue(IReadOnlyList<MemberState> members, int step)
    {
        var bySteps = policy.EverySteps is { } steps && step - _lastStep >= steps;
        var byTime = policy.Every is { } every && time.GetElapsedTime(_lastTime) >= every;
        if (bySteps || byTime) Save(members, step);
    }

    /// <summary>Writes a checkpoint and deletes all but the latest few.</summary>
    /// <exception cref="TrainingException">The folder cannot be written; what was there before is untouched.</exception>
    public void Save(IReadOnlyList<MemberState> members, int step)
    {
        (_lastStep, _lastTime) = (step, time.GetTimestamp());
        policy.Saving?.Invoke();
        var name = PathOf(step);
        try
        {
            foreach (var torn in Torn()) AtomicFile.TryDeleteFolder(torn);
            AtomicFile.WriteDirectory(name, folder =>
            {
                var manifests = members.Select((member, i) => Write(member, settingsHashes[i], folder, $"member-{i}.safetensors")).ToList();
                var files = manifests.ConvertAll(member => FileManifest.Of(folder, member.File));
                new CheckpointManifest(CheckpointManifest.CurrentFormat, step, manifests, files).Write(folder);
            });
            foreach (var old in Steps().Skip(Math.Max(1, policy.Keep))) Directory.Delete(PathOf(old), recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelException)
        {
            throw new TrainingException($"{name}: the checkpoint cannot be written ({e.Message}); is the disk full?", e);
        }
        policy.Saved?.Invoke(name, step);
    }

    /// <summary>Puts the members where the latest good checkpoint left them.</summary>
    /// <returns>The pack's step; 0 where there is none.</returns>
    /// <exception cref="TrainingException">The checkpoints were made with other settings or data, or without one of the members.</exception>
    public int Restore(IReadOnlyList<MemberState> members)
    {
        foreach (var step in Steps())
        {
            var (manifest, fault) = CheckpointManifest.ReadAndVerify(PathOf(step));
            if (manifest is null)
            {
                _warnings.Add($"{PathOf(step)}: passed over, {fault}");
                continue;
            }
            var held = members.Select((member, i) => Held(member.Member.Name, settingsHashes[i], manifest, PathOf(step))).ToList();
            for (var i = 0; i < members.Count; i++) Read(members[i], held[i], PathOf(step));
            return _lastStep = manifest.Step;
        }
        return 0;
    }

    /// <summary>A member as a checkpoint holds it. The checkpoint may hold others besides, which have left the pack since.</summary>
    private static MemberManifest Held(string name, string settingsHash, CheckpointManifest manifest, string folder)
    {
        var held = manifest.Members.FirstOrDefault(member => member.Name == name) ?? throw new TrainingException($"{folder} does not hold {name}; choose another checkpoint folder or delete it");
        return held.SettingsHash == settingsHash ? held
            : throw new TrainingException($"{folder}: {name} was trained with other settings, data or on another base; choose another checkpoint folder or delete it");
    }

    private static MemberManifest Write(MemberState state, string settingsHash, string folder, string file)
    {
        using var scope = torch.NewDisposeScope();
        var history = new Dictionary<string, Tensor>
        {
            ["history.loss"] = torch.tensor(state.Losses.ToArray()),
            ["history.eval_step"] = torch.tensor(state.Evaluations.ConvertAll(e => (long)e.Step).ToArray()),
            ["history.eval_loss"] = torch.tensor(state.Evaluations.ConvertAll(e => e.Loss).ToArray()),
        };
        SafeTensors.Write(Path.Combine(folder, file), state.Optimiser.State().Concat(state.Member.Adapter.State.Select(Own)).Concat(history));
        return new MemberManifest(state.Member.Name, file, state.Step, state.Member.Seed, state.Removed, settingsHash);
    }

    private static void Read(MemberState state, MemberManifest manifest, string folder)
    {
        var tensors = SafeTensors.Read(Path.Combine(folder, manifest.File));
        try
        {
            state.Optimiser.Restore(tensors, manifest.Step);
            using (torch.no_grad())
                foreach (var (key, value) in state.Member.Adapter.State.Select(Own)) value.copy_(tensors[key]);
            state.Member.Adapter.ValuesChanged();
            (state.Step, state.Removed) = (manifest.Step, manifest.Removed);
            state.Losses.AddRange(tensors["history.loss"].ToArray<double>());
            var losses = tensors["history.eval_loss"].ToArray<double>();
            state.Evaluations.AddRange(tensors["history.eval_step"].ToArray<long>().Select((step, i) => new Evaluation((int)step, losses[i])));
        }
        finally
        {
            foreach (var tensor in tensors.Values) tensor.Dispose();
        }
    }

    private static KeyValuePair<string, Tensor> Own(KeyValuePair<string, Tensor> state) => KeyValuePair.Create("adapter." + state.Key, state.Value);

    // What a process that was killed while it wrote has left.
    private IEnumerable<string> Torn() => Directory.Exists(policy.Folder) ? Directory.EnumerateDirectories(policy.Folder, $".{Prefix}*.tmp") : [];

    private string PathOf(int step) => Path.Combine(policy.Folder, Prefix + step.ToString(CultureInfo.InvariantCulture));

    private List<int> Steps() => !Directory.Exists(policy.Folder) ? [] : [.. Directory.EnumerateDirectories(policy.Folder, Prefix + "*")
        .Select(folder => int.TryParse(Path.GetFileName(folder)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1)
        .Where(step => step >= 0).OrderDescending()];
}
