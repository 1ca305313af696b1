using System.Reflection;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>A grain call on its way through the filters.</summary>
public interface IGrainCallContext
{
    /// <summary>The request: method and arguments.</summary>
    IInvokable Request { get; }

    /// <summary>The grain, or outside of its activation the reference to it.</summary>
    object Grain { get; }

    /// <summary>The grain that calls; null for clients.</summary>
    GrainId? SourceId { get; }

    /// <summary>The grain that is called.</summary>
    GrainId TargetId { get; }

    /// <summary>The interface's name.</summary>
    GrainInterfaceType InterfaceType { get; }

    /// <summary>The interface's name as text.</summary>
    string InterfaceName { get; }

    /// <summary>The method's name.</summary>
    string MethodName { get; }

    /// <summary>The interface's method.</summary>
    MethodInfo InterfaceMethod { get; }

    /// <summary>The result, once there is one. Setting it replaces the response.</summary>
    object? Result { get; set; }

    /// <summary>The response, once there is one.</summary>
    Response? Response { get; set; }

    /// <summary>Goes on to the next filter, at the end to the grain. A filter that does not call it must set the result.</summary>
    Task Invoke();
}

/// <summary>A call that arrived at its activation.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The activation.</summary>
    IGrainContext TargetContext { get; }

    /// <summary>The method of the grain class.</summary>
    MethodInfo ImplementationMethod { get; }
}

/// <summary>A call that is about to be sent.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext
{
    /// <summary>The activation that calls; null outside of grains.</summary>
    IGrainContext? SourceContext { get; }
}

/// <summary>Sees calls before the grain does. Grain classes may implement it for their own calls.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Called for each call.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}

/// <summary>Sees calls before they are sent.</summary>
public interface IOutgoingGrainCallFilter
{
    /// <summary>Called for each call.</summary>
    Task Invoke(IOutgoingGrainCallContext context);
}

/// <summary>An incoming call filter as a delegate.</summary>
public delegate Task IncomingGrainCallFilterDelegate(IIncomingGrainCallContext context);

/// <summary>An outgoing call filter as a delegate.</summary>
public delegate Task OutgoingGrainCallFilterDelegate(IOutgoingGrainCallContext context);
