namespace AlpacaCot.LocalSilo.Gateway;
internal sealed class GatewayServer : ILifecycleParticipant<ISiloLifecycle> { public void Participate(ISiloLifecycle lifecycle) { } }
internal sealed class GatewayClient;
