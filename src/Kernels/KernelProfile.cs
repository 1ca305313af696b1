using System.Diagnostics;

namespace AlpacaCot.Kernels;

/// <summary>What one kernel has taken.</summary>
/// <param name="Kernel">Its name.</param>
/// <param name="Calls">How often it was called.</param>
/// <param name="Seconds">Time of its own: what it calls is counted there.</param>
/// <param name="Operations">Additions and multiplications; 0 where memory is all that counts.</param>
/// <param name="Bytes">What it must read and write at least.</param>
public sealed record KernelTime(string Kernel, long Calls, double Seconds, double Operations, double Bytes);

/// <summary>
/// Where the time of a piece of work goes, kernel by kernel. One profile at a time; without one a kernel pays for a look at one field. Of libtorch's own operators
/// (sums of gradients, copies, optimisers other than AdamW) nothing is known here: they are what is left.
/// </summary>
public sealed class KernelProfile : IDisposable
{
    private static KernelProfile? _current;

    // Ticks that the kernels inside the one that is measured have taken.
    [ThreadStatic] private static long _inside;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, KernelTime> _times = new(StringComparer.Ordinal);

    private KernelProfile()
    {
    }

    /// <summary>Whether somebody wants to know: operations and bytes need not be counted otherwise.</summary>
    internal static bool IsOn => _current is not null;

    /// <summary>Begins one.</summary>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    public static KernelProfile Begin()
    {
        var profile = new KernelProfile();
        return Interlocked.CompareExchange(ref _current, profile, null) is null ? profile : throw new InvalidOperationException("a profile of the kernels is being taken already");
    }

    /// <summary>The kernels so far, those that took longest first.</summary>
    public IReadOnlyList<KernelTime> Times
    {
        get { lock (_lock) return [.. _times.Values.OrderByDescending(time => time.Seconds)]; }
    }

    /// <summary>Measures a kernel until what is returned is disposed of.</summary>
    internal static Measurement Of(string kernel, double operations, double bytes) => new(_current, kernel, operations, bytes);

    /// <summary>A product of so many rows: x <c>[rows, inputs]</c> by a weight that takes so many bytes.</summary>
    internal static Measurement Product(string kernel, long rows, long inputs, long outputs, long element, double weightBytes)
        => Of(kernel, 2.0 * rows * inputs * outputs, weightBytes + (double)rows * (inputs + outputs) * element);

    /// <summary>Ends it; the times stay.</summary>
    public void Dispose() => Interlocked.CompareExchange(ref _current, null, this);

    private void Add(string kernel, long ticks, double operations, double bytes)
    {
        lock (_lock)
        {
            var so = _times.GetValueOrDefault(kernel) ?? new KernelTime(kernel, 0, 0, 0, 0);
            _times[kernel] = new KernelTime(kernel, so.Calls + 1, so.Seconds + (double)ticks / Stopwatch.Frequency, so.Operations + operations, so.Bytes + bytes);
        }
    }

    /// <summary>A kernel at work.</summary>
    internal readonly ref struct Measurement
    {
        private readonly KernelProfile? _profile;
        private readonly string _kernel;
        private readonly double _operations, _bytes;
        private readonly long _started, _insideBefore;

        internal Measurement(KernelProfile? profile, string kernel, double operations, double bytes)
        {
            (_profile, _kernel, _operations, _bytes) = (profile, kernel, operations, bytes);
            if (profile is null) return;
            (_insideBefore, _inside) = (_inside, 0);
            _started = Stopwatch.GetTimestamp();
        }

        /// <summary>Ends the measurement.</summary>
        public void Dispose()
        {
            if (_profile is null) return;
            var all = Stopwatch.GetTimestamp() - _started;
            _profile.Add(_kernel, all - _inside, _operations, _bytes);
            _inside = _insideBefore + all;
        }
    }
}
