using System.Text.Json.Nodes;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.PromptLearning;

/// <summary>What the configurations of all methods with virtual tokens share, with PEFT's names.</summary>
public abstract record PromptLearningConfig : AdapterConfig
{
    /// <summary>Number of virtual tokens.</summary>
    public int VirtualTokens { get; init; }

    /// <summary>Width of a virtual token: the embedding's, or for prefix tuning that of a block's keys; null until the model is known.</summary>
    public int? TokenDim { get; init; }

    /// <summary>The model's attention heads, of which prefix tuning means those of keys and values.</summary>
    public int? Heads { get; init; }

    /// <summary>The model's blocks.</summary>
    public int? Layers { get; init; }

    /// <summary>The fields of a file that all share.</summary>
    /// <param name="config">What the method has read by itself.</param>
    /// <param name="reader">The file.</param>
    /// <param name="method">The method.</param>
    /// <param name="virtualTokens">Its number of virtual tokens.</param>
    /// <param name="kept">A field that is not built, and does no harm to an adapter that is finished.</param>
    internal static T Shared<T>(T config, ConfigReader reader, MethodDefinition method, MethodOption virtualTokens, UnbuiltOption? kept = null)
        where T : PromptLearningConfig
    {
        foreach (var (key, off, feature) in method.NotBuilt.Where(option => option != kept)) reader.Refuse(key, off, feature);
        return config with
        {
            VirtualTokens = reader.Integer(virtualTokens),
            TokenDim = reader.Integer("token_dim"),
            Heads = reader.Integer("num_attention_heads"),
            Layers = reader.Integer("num_layers"),
        };
    }

    /// <summary>The configuration for a model; what it says of the model must agree.</summary>
    /// <exception cref="AdapterException">It was made for a model of other sizes, or leaves no room in the context.</exception>
    internal static T ForModel<T>(T config, Decoder decoder, int width, int heads)
        where T : PromptLearningConfig
    {
        void Agree(string key, int? said, int own)
        {
            if (said is { } other && other != own) throw new AdapterException($"the adapter was made for a model with {key} {other}, and this one has {own}");
        }
        Agree("token_dim", config.TokenDim, width);
        Agree("num_attention_heads", config.Heads, heads);
        Agree("num_layers", config.Layers, decoder.Config.Layers);
        if (config.VirtualTokens < 1) throw new AdapterException($"num_virtual_tokens = {config.VirtualTokens} must be at least 1");
        if (config.VirtualTokens >= decoder.Config.MaxPositions)
            throw new AdapterException($"num_virtual_tokens = {config.VirtualTokens} leaves no room in the model's context of {decoder.Config.MaxPositions} tokens");
        return config with { TokenDim = width, Heads = heads, Layers = decoder.Config.Layers };
    }

    internal void WriteShared(IDictionary<string, JsonNode?> fields, MethodDefinition method)
    {
        foreach (var (key, off, _) in method.NotBuilt) fields[key] = off?.DeepClone();
        fields["num_virtual_tokens"] = VirtualTokens;
        fields["token_dim"] = TokenDim;
        fields["num_attention_heads"] = Heads;
        fields["num_layers"] = Layers;
    }
}
