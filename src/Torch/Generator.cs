using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

/// <summary>A seeded source of random numbers, whose state can be stored and restored.</summary>
public sealed class Generator : IDisposable
{
    private nint _handle;

    /// <summary>Creates one on a device (the processor unless told otherwise).</summary>
    public Generator(ulong seed, Device? device = null)
    {
        var d = device ?? Device.CPU;
        if (d.Type == DeviceType.CUDA) torch.cuda.Require();
        Seed = seed;
        _handle = Native.Check(Native.ac_generator_new((int)d.Type, d.Index, seed));
    }

    /// <summary>Frees the native generator.</summary>
    ~Generator() => Free();

    /// <summary>The seed it was last given.</summary>
    public ulong Seed { get; private set; }

    internal nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Generator));

    /// <summary>Starts again from a seed.</summary>
    public Generator manual_seed(ulong seed)
    {
        Native.Check(Native.ac_generator_seed(Handle, seed));
        Seed = seed;
        return this;
    }

    /// <summary>The whole state, for checkpoints: some five thousand bytes on the processor.</summary>
    public byte[] get_state()
    {
        using var state = Tensor.WrapDetached(Native.Check(Native.ac_generator_state(Handle)));
        return state.data<byte>();
    }

    /// <summary>Goes on from a state that <see cref="get_state"/> returned.</summary>
    /// <exception cref="TorchException">The bytes are no state of this kind of generator.</exception>
    public void set_state(ReadOnlySpan<byte> state)
    {
        using var tensor = torch.tensor(state.ToArray(), [state.Length]).DetachFromDisposeScope();
        Native.Check(Native.ac_generator_set_state(Handle, tensor.Handle));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        var handle = Interlocked.Exchange(ref _handle, 0);
        if (handle != 0) Native.ac_generator_free(handle);
    }
}
