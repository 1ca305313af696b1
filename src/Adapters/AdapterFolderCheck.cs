using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>One tensor of an adapter's folder.</summary>
/// <param name="Key">Its key in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Norm">Its Euclidean norm.</param>
public sealed record AdapterTensor(string Key, IReadOnlyList<long> Shape, double Norm);

/// <summary>How a tensor of one folder differs from that of the same key in another.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Left">Its shape in the first folder; null where it has none.</param>
/// <param name="Right">Its shape in the second folder; null where it has none.</param>
/// <param name="Difference">Norm of the difference over the first one's norm; null where shapes differ.</param>
public sealed record AdapterTensorDifference(string Key, IReadOnlyList<long>? Left, IReadOnlyList<long>? Right, double? Difference);

/// <summary>Looks into adapter folders without a model: what is in them, how two differ, and whether one that was just written is what was meant.</summary>
public static class AdapterFolderCheck
{
    /// <summary>The tensors of a folder, by key.</summary>
    /// <exception cref="AdapterException">There is no adapter, or its file is damaged.</exception>
    public static IReadOnlyList<AdapterTensor> Tensors(string folder) => Read(folder, tensors => tensors
        .Select(tensor => new AdapterTensor(tensor.Key, tensor.Value.shape, tensor.Value.to(ScalarType.Float32).norm().item<float>())).ToList());

    /// <summary>The tensors that differ between two folders, by key.</summary>
    /// <exception cref="AdapterException">There is no adapter, or its file is damaged.</exception>
    public static IReadOnlyList<AdapterTensorDifference> Differences(string left, string right) => Read(left, a => Read(right, b => a.Keys.Union(b.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
        .Select(key => Difference(key, a.GetValueOrDefault(key), b.GetValueOrDefault(key))).Where(difference => difference.Difference is null or > 0 or double.NaN).ToList()));

    /// <summary>Reads a folder that was just written again, and holds it against the adapter: every tensor equal bit for bit, and not all of them zero.</summary>
    /// <param name="adapter">What was saved.</param>
    /// <param name="folder">Where.</param>
    /// <exception cref="AdapterException">The folder is not what was meant: the disk, or the method's saving, is at fault.</exception>
    public static void RequireSaved(Adapter adapter, string folder)
    {
        _ = AdapterDirectory.ReadConfig(folder);
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var norm = Read(folder, stored =>
        {
            var sum = 0.0;
            foreach (var (key, value) in adapter.Stored)
            {
                if (!stored.TryGetValue(key, out var again)) throw new AdapterException($"{folder}: {key} is not in the file that was just written");
                if (!again.shape.SequenceEqual(value.shape) || again.ne(value.detach().to(torch.float32, CPU)).any().item<bool>()) throw new AdapterException($"{folder}: {key} reads back otherwise than it was written");
                sum += value.detach().to(torch.float32).norm().item<float>();
            }
            return sum;
        });
        if (!(norm > 0)) throw new AdapterException($"{folder}: all values of the adapter are zero or not a number: nothing was learnt");
    }

    private static AdapterTensorDifference Difference(string key, Tensor? a, Tensor? b)
    {
        if (a is null || b is null || !a.shape.SequenceEqual(b.shape)) return new AdapterTensorDifference(key, a?.shape, b?.shape, null);
        var (x, y) = (a.to(ScalarType.Float32), b.to(ScalarType.Float32));
        var difference = (x - y).norm().item<float>();
        return new AdapterTensorDifference(key, a.shape, b.shape, difference == 0 ? 0 : difference / Math.Max(x.norm().item<float>(), 1e-30));
    }

    private static T Read<T>(string folder, Func<IReadOnlyDictionary<string, Tensor>, T> use)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        try
        {
            using var file = AdapterDirectory.OpenWeights(folder);
            return use(file.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Copy(), StringComparer.Ordinal));
        }
        catch (ModelException e)
        {
            throw new AdapterException(e.Message, e);
        }
    }
}
