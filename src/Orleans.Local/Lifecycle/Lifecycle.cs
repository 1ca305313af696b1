namespace Orleans
{
    /// <summary>Something that takes part in a lifecycle.</summary>
    public interface ILifecycleObserver
    {
        /// <summary>The stage is reached on the way up.</summary>
        Task OnStart(CancellationToken cancellationToken = default);

        /// <summary>The stage is reached on the way down.</summary>
        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>A lifecycle that others can take part in. Stages start in ascending and stop in descending order.</summary>
    public interface ILifecycleObservable
    {
        /// <summary>Takes part at a stage; disposing the result leaves.</summary>
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>A service that takes part in a lifecycle.</summary>
    public interface ILifecycleParticipant<TLifecycleObservable> where TLifecycleObservable : ILifecycleObservable
    {
        /// <summary>Subscribes to what it needs.</summary>
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>The lifecycle of a client.</summary>
    public interface IClusterClientLifecycle : ILifecycleObservable;

    /// <summary>Stages of a silo and of a client.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>Before all.</summary>
        public const int First = int.MinValue;
        /// <summary>The runtime sets itself up.</summary>
        public const int RuntimeInitialize = 2000;
        /// <summary>The runtime's services start.</summary>
        public const int RuntimeServices = 4000;
        /// <summary>Storage starts.</summary>
        public const int RuntimeStorageServices = 6000;
        /// <summary>Grain services start.</summary>
        public const int RuntimeGrainServices = 8000;
        /// <summary>After grain services.</summary>
        public const int AfterRuntimeGrainServices = 8100;
        /// <summary>The application's services start.</summary>
        public const int ApplicationServices = 10000;
        /// <summary>On the way down: activations end.</summary>
        public const int GrainDeactivation = 19998;
        /// <summary>The silo is about to take requests.</summary>
        public const int BecomeActive = 19999;
        /// <summary>The silo takes requests.</summary>
        public const int Active = 20000;
        /// <summary>After all.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>Taking part in a lifecycle with delegates.</summary>
    public static class LifecycleExtensions
    {
        /// <summary>Takes part at a stage.</summary>
        public static IDisposable Subscribe(
            this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop)
            => observable.Subscribe(observerName, stage, new Observer(onStart, onStop));

        /// <summary>Takes part at a stage on the way up.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart)
            => observable.Subscribe(observerName, stage, new Observer(onStart, null));

        /// <summary>Takes part at a stage under the name of a type.</summary>
        public static IDisposable Subscribe<TObserver>(
            this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop = null)
            => observable.Subscribe(typeof(TObserver).Name, stage, new Observer(onStart, onStop));

        private sealed class Observer(Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) : ILifecycleObserver
        {
            public Task OnStart(CancellationToken cancellationToken) => onStart(cancellationToken);

            public Task OnStop(CancellationToken cancellationToken) => onStop?.Invoke(cancellationToken) ?? Task.CompletedTask;
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>The lifecycle of a silo (<see cref="ServiceLifecycleStage"/>).</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The highest stage that has started.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The lowest stage that has stopped.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>The lifecycle of an activation (<see cref="GrainLifecycleStage"/>).</summary>
    public interface IGrainLifecycle : ILifecycleObservable;

    /// <summary>Stages of an activation.</summary>
    public static class GrainLifecycleStage
    {
        /// <summary>Before all.</summary>
        public const int First = int.MinValue;
        /// <summary>State is read.</summary>
        public const int SetupState = 1000;
        /// <summary><see cref="IGrainBase.OnActivateAsync"/> runs.</summary>
        public const int Activate = 2000;
        /// <summary>After all.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>Work that a silo does once it is active.</summary>
    public interface IStartupTask
    {
        /// <summary>Does it. A failure stops the silo.</summary>
        Task Execute(CancellationToken cancellationToken);
    }
}
