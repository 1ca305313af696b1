using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Streaming;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>A reference that can send: the base of the emitted classes.</summary>
internal abstract class BoundReference(GrainId grainId, InterfaceShape shape, ICallSender sender) : GrainReference(grainId, shape.InterfaceType)
{
    public InterfaceShape Shape { get; } = shape;

    public ICallSender Sender { get; } = sender;

    public override TGrainInterface Cast<TGrainInterface>() => (TGrainInterface)CastTo(typeof(TGrainInterface));

    public object CastTo(Type type)
        => type.IsInstanceOfType(this) ? this : Sender.CreateReference(GrainId, InterfaceShape.Of(type));

    public Task Send(int method, object?[] arguments) => SendOf<object?>(method, arguments);

    public ValueTask SendValue(int method, object?[] arguments) => new(SendOf<object?>(method, arguments));

    public ValueTask<T> SendValueOf<T>(int method, object?[] arguments) => new(SendOf<T>(method, arguments));

    public Task<T> SendOf<T>(int method, object?[] arguments)
    {
        var shape = Shape.Methods[method];
        return Sender.OutgoingFilters.Length == 0
            ? Call<T>.Send(this, shape, arguments)
            : new OutgoingCall<T>(this, shape, arguments).RunAsync();
    }

    public IAsyncEnumerable<T> Stream<T>(int method, object?[] arguments) => new GrainEnumerable<T>(this, Shape.Methods[method], arguments);
}
