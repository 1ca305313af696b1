namespace AlpacaCot.Adapters.OwnWeights;

/// <summary>Which biases of the base a member trains beside its adapter, as its own (PEFT's <c>bias</c>).</summary>
public enum TrainedBiases
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of the modules that the adapter acts on (PEFT's <c>lora_only</c>, <c>vera_only</c>, <c>oft_only</c>).</summary>
    OfTargets,

    /// <summary>Every bias of the model, those of norms and of the head too.</summary>
    All,
}
