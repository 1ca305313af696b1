namespace Orleans;

/// <summary>What a grain class that does not derive from <see cref="Grain"/> implements.</summary>
public interface IGrainBase
{
    /// <summary>The context of this activation.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Called before the first request, after the state is read. A failure fails the activation and its callers.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Called after the last request. Best effort: a crashed process never calls it.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
