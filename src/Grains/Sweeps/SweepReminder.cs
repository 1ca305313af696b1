using Microsoft.Extensions.DependencyInjection;
using Orleans.Timers;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// A reminder for a running sweep, where the silo has reminders: in a cluster it wakes the sweep elsewhere when its silo is lost. On one machine there is none and none is needed:
/// the silo's start wakes its sweeps.
/// </summary>
internal sealed class SweepReminder(Grain sweep)
{
    private const string Name = "drive";

    /// <summary>The shortest that Orleans takes.</summary>
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(1);

    private readonly IReminderRegistry? _reminders = ((IGrainBase)sweep).GrainContext.ActivationServices.GetService<IReminderRegistry>();

    /// <summary>Adds the reminder; harmless where it is there already.</summary>
    public Task AddAsync() => _reminders is null ? Task.CompletedTask : sweep.RegisterOrUpdateReminder(Name, _period, _period);

    /// <summary>Removes the reminder.</summary>
    public async Task RemoveAsync()
    {
        if (_reminders is not null && await sweep.GetReminder(Name) is { } reminder) await sweep.UnregisterReminder(reminder);
    }
}
