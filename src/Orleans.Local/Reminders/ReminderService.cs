using System.Collections.Concurrent;
using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Runtime;
using Orleans.Hosting;
using Orleans.Timers;

namespace AlpacaCot.LocalSilo.Reminders;

/// <summary>Sends ticks. A tick that was due while the silo was down is not made up for; the next one comes at its time.</summary>
internal sealed class ReminderService(
    IReminderStore store, IGrainFactory factory, TimeProvider time, IOptions<ReminderOptions> options, ILogger<ReminderService> logger)
    : IReminderRegistry, ILifecycleParticipant<ISiloLifecycle>
{
    private readonly ConcurrentDictionary<(GrainId, string), Schedule> _schedules = new();
    private bool _stopped;

    private TimeProvider Time => time;

    private IGrainFactory Factory => factory;

    private ILogger Logger => logger;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(ReminderService), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public async Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        if (string.IsNullOrWhiteSpace(reminderName)) throw new ArgumentException("a reminder needs a name", nameof(reminderName));
        if (dueTime == Timeout.InfiniteTimeSpan || dueTime < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "the due time of a reminder is at least zero");
        if (period < options.Value.MinimumReminderPeriod)
            throw new ArgumentException($"the period of reminder {reminderName} is {period}: the least is {options.Value.MinimumReminderPeriod} (ReminderOptions.MinimumReminderPeriod)", nameof(period));
        var row = new ReminderRow(callingGrainId, reminderName, time.GetUtcNow().UtcDateTime + dueTime, period);
        await store.PutAsync(row);
        Set(row);
        return new Reminder(reminderName);
    }

    public async Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder)
    {
        await store.RemoveAsync(callingGrainId, reminder.ReminderName);
        if (_schedules.TryRemove((callingGrainId, reminder.ReminderName), out var schedule)) schedule.Dispose();
    }

    public Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName)
        => Task.FromResult<IGrainReminder?>(_schedules.ContainsKey((callingGrainId, reminderName)) ? new Reminder(reminderName) : null);

    public Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId)
        => Task.FromResult(_schedules.Keys.Where(k => k.Item1 == callingGrainId).Select(k => (IGrainReminder)new Reminder(k.Item2)).ToList());

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.MinimumReminderPeriod < TimeSpan.FromMinutes(1)) RuntimeLog.ShortReminders(logger, options.Value.MinimumReminderPeriod);
        // A startup task may have registered newer definitions already.
        foreach (var row in await store.LoadAsync())
            if (!_schedules.ContainsKey((row.GrainId, row.Name))) Set(row);
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        _stopped = true;
        foreach (var schedule in _schedules.Values) schedule.Dispose();
        return Task.CompletedTask;
    }

    private void Set(ReminderRow row)
    {
        var schedule = new Schedule(this, row);
        if (_schedules.TryRemove((row.GrainId, row.Name), out var old)) old.Dispose();
        _schedules[(row.GrainId, row.Name)] = schedule;
        schedule.Arm();
    }

    private sealed record Reminder(string ReminderName) : IGrainReminder;

    /// <summary>One reminder's timer. Ticks of a reminder do not overlap.</summary>
    private sealed class Schedule : IDisposable
    {
        private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);
        private readonly ReminderService _owner;
        private readonly ReminderRow _row;
        private readonly ITimer _timer;
        private DateTime _due;
        private volatile bool _disposed;

        public Schedule(ReminderService owner, ReminderRow row)
        {
            _owner = owner;
            _row = row;
            using (Flow.Suppress()) _timer = owner.Time.CreateTimer(static self => ((Schedule)self!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        /// <summary>Sets the timer to the next tick.</summary>
        public void Arm()
        {
            var now = _owner.Time.GetUtcNow().UtcDateTime;
            _due = now <= _row.FirstTick ? _row.FirstTick : _row.FirstTick + (Math.Floor((now - _row.FirstTick) / _row.Period) + 1) * _row.Period;
            Wait(now);
        }

        public void Dispose()
        {
            _disposed = true;
            _timer.Dispose();
        }

        private void Wait(DateTime now)
        {
            if (_disposed || _owner._stopped) return;
            var left = _due - now;
            _timer.Change(left <= TimeSpan.Zero ? TimeSpan.Zero : left < s_longest ? left : s_longest, Timeout.InfiniteTimeSpan);
        }

        private void OnDue()
        {
            var now = _owner.Time.GetUtcNow().UtcDateTime;
            if (now < _due) Wait(now);
            else _ = TickAsync(now);
        }

        private async Task TickAsync(DateTime now)
        {
            try
            {
                await _owner.Factory.GetGrain<IRemindable>(_row.GrainId).ReceiveReminder(_row.Name, new TickStatus(_row.FirstTick, _row.Period, now));
            }
            catch (Exception e)
            {
                RuntimeLog.ReminderFailed(_owner.Logger, _row.Name, _row.GrainId, e);
            }
            Arm();
        }
    }
}
