namespace AlpacaCot.Specs;

/// <summary>Finds what a user probably meant.</summary>
public static class Suggestions
{
    /// <summary>Names that other tools use for the same thing.</summary>
    private static readonly Dictionary<string, string[]> Elsewhere = new(StringComparer.OrdinalIgnoreCase)
    {
        ["num_train_epochs"] = ["epochs"], ["num_epochs"] = ["epochs"],
        ["lr"] = ["learning_rate"], ["lora_lr"] = ["learning_rate"],
        ["per_device_train_batch_size"] = ["batch_size"], ["per_gpu_train_batch_size"] = ["batch_size"], ["train_batch_size"] = ["batch_size"],
        ["gradient_accumulation_steps"] = ["gradient_accumulation"],
        ["micro_batch_size"] = ["micro_batch_tokens"],
        ["max_length"] = ["cutoff_len", "max_new_tokens"], ["max_seq_length"] = ["cutoff_len"], ["sequence_len"] = ["cutoff_len"],
        ["lr_scheduler_type"] = ["schedule"], ["lr_scheduler"] = ["schedule"], ["scheduler"] = ["schedule"],
        ["optim"] = ["optimizer"], ["optimiser"] = ["optimizer"], ["optim_args"] = ["optimizer_arguments"],
        ["max_grad_norm"] = ["clip"], ["gradient_clipping"] = ["clip"],
        ["dtype"] = ["precision", "load"], ["compute_dtype"] = ["precision"], ["quantization_bit"] = ["load"], ["load_in_4bit"] = ["load"],
        ["train_on_inputs"] = ["train_on_prompt"],
        ["model_name_or_path"] = ["path"], ["base_model"] = ["path", "models"], ["repo"] = ["hub"],
        ["model"] = ["models"], ["dataset"] = ["set", "data"], ["datasets"] = ["data", "sources"], ["file"] = ["path"], ["max_samples"] = ["limit"],
        ["lora_r"] = ["r"], ["lora_rank"] = ["r"], ["rank"] = ["r"], ["peft_type"] = ["method"], ["finetuning_type"] = ["method"], ["type"] = ["method"],
        ["lora_target"] = ["targets"], ["lora_target_modules"] = ["targets"], ["modules"] = ["targets"],
        ["seed"] = ["seeds"], ["adapters"] = ["peft"], ["adapter"] = ["peft"], ["eval"] = ["evaluation"], ["task"] = ["suite"], ["tasks"] = ["evaluation"],
        ["num_fewshot"] = ["few_shot"], ["fewshot"] = ["few_shot"], ["max_tokens"] = ["max_new_tokens"], ["do_sample"] = ["strategy"],
        ["prompt"] = ["cue"], ["if"] = ["when"],
    };

    /// <summary>The nearest of the known words, or null where none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var all = known as IReadOnlyCollection<string> ?? [.. known];
        if (Elsewhere.TryGetValue(word, out var names) && names.FirstOrDefault(all.Contains) is { } synonym) return synonym;
        var best = all.Select(k => (Name: k, Distance: EditDistance.Between(word.ToLowerInvariant(), k.ToLowerInvariant())))
            .OrderBy(k => k.Distance).ThenBy(k => k.Name, StringComparer.Ordinal).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(word.Length < 4 ? 1 : 2, Math.Max(word.Length, best.Name.Length) / 3)
            ? best.Name
            : BeginsWith(word, all);
    }

    /// <summary>The shortest of the names that a word is the beginning of; two letters begin too much.</summary>
    private static string? BeginsWith(string word, IReadOnlyCollection<string> known)
        => word.Length < 3 ? null : known.Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase)).OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The fix for an unknown word: the nearest one, else all.</summary>
    public static string For(string word, IEnumerable<string> known)
    {
        var all = known as IReadOnlyCollection<string> ?? [.. known];
        if (Nearest(word, all) is { } near) return $"did you mean '{near}'?";
        return all.Count == 0 ? "" : "known are " + string.Join(", ", all.Order(StringComparer.Ordinal));
    }
}
