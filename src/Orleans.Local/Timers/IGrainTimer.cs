namespace Orleans.Runtime
{
    /// <summary>A timer of one activation. Disposing stops it; it ends with the activation.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>Sets when the next callback starts and how long after its end the following one does.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    /// <summary>When a grain timer runs and what it may interleave with.</summary>
    public readonly struct GrainTimerCreationOptions
    {
        /// <summary>For object initialisers.</summary>
        public GrainTimerCreationOptions() { }

        /// <summary>A due time and a period.</summary>
        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>Time until the first callback.</summary>
        public required TimeSpan DueTime { get; init; }

        /// <summary>Time from the end of a callback to the start of the next; <see cref="Timeout.InfiniteTimeSpan"/> for a single one.</summary>
        public required TimeSpan Period { get; init; }

        /// <summary>Whether callbacks interleave with requests.</summary>
        public bool Interleave { get; init; }

        /// <summary>Whether callbacks count as use, so that the activation is not collected as idle.</summary>
        public bool KeepAlive { get; init; }
    }
}

namespace Orleans.Timers
{
    /// <summary>Registers timers of activations.</summary>
    public interface ITimerRegistry
    {
        /// <summary>Registers a timer. The token is cancelled when the timer is disposed or the activation ends.</summary>
        IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options);
    }
}
