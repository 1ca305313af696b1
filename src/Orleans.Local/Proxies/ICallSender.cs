using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Serialization;

namespace AlpacaCot.LocalSilo.Proxies;

/// <summary>Takes calls to where the grain is: to its activation in this process, or to the gateway.</summary>
internal interface ICallSender : IReferenceSource
{
    MessagingOptions Options { get; }

    CallMonitor Monitor { get; }

    IOutgoingGrainCallFilter[] OutgoingFilters { get; }

    TimeProvider Time { get; }

    /// <summary>Sends a request. It copies or writes the arguments before it returns.</summary>
    void Send(Request request);

    /// <summary>Tells the grain that the caller gave up.</summary>
    void Cancel(Request request);

    /// <summary>Nobody waits for the response any more.</summary>
    void Forget(Request request);
}
