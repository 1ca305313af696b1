using System.Text.Json;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models.Tests;

/// <summary>What the tests of golden models share.</summary>
internal static class GoldenModel
{
    /// <summary>The family of a case: its variant where several share a <c>model_type</c>.</summary>
    public static string FamilyOf(GoldenCase golden)
        => golden.Json.TryGetProperty("variant", out var variant) ? variant.GetString()! : golden.Json.TryGetProperty("model_type", out var type) ? type.GetString()! : "llama";

    /// <summary>The sequences that a case has logits and a loss of.</summary>
    public static IEnumerable<string> Sequences(GoldenTensors tensors)
        => tensors.Names.Where(n => n.EndsWith(".logits", StringComparison.Ordinal) && tensors.Has(n[..^"logits".Length] + "loss")).Select(n => n[..^".logits".Length]).ToList();

    /// <summary>Mean cross entropy of unshifted labels.</summary>
    public static Tensor Loss(Tensor logits, Tensor labels)
        => torch.nn.functional.cross_entropy(logits.narrow(0, 0, logits.size(0) - 1), labels.narrow(0, 1, labels.size(0) - 1));

    /// <summary>Differentiates sequence a's loss by every parameter.</summary>
    public static void Backward(Decoder decoder, GoldenTensors expected)
    {
        foreach (var parameter in decoder.Parameters.Values) parameter.requires_grad_();
        var layout = SegmentLayout.Single((int)expected["a.input_ids"].size(0));
        Autograd.Backward(Loss(decoder.Logits(decoder.Hidden(expected["a.input_ids"], layout), layout), expected["a.labels"]));
    }

    /// <summary>The gradient of a tensor of the file. Those of Meta's files are in their own names and row order; the decoder holds Hugging Face's.</summary>
    public static Tensor Gradient(Decoder decoder, string name)
    {
        if (decoder.Parameters.TryGetValue(name, out var parameter)) return parameter.grad!;
        var mapped = MetaFiles.HuggingFaceName(name)!;
        var gradient = decoder.Parameters[mapped].grad!;
        var heads = mapped.EndsWith("q_proj.weight", StringComparison.Ordinal) ? decoder.Config.Heads
            : mapped.EndsWith("k_proj.weight", StringComparison.Ordinal) ? decoder.Config.KeyValueHeads : 0;
        return heads == 0 ? gradient : gradient.view(heads, 2, gradient.size(0) / heads / 2, -1).transpose(1, 2).reshape(gradient.shape);
    }

    public static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt64())];
}
