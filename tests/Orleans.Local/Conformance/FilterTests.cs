namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface IFilteredGrain : IGrainWithStringKey
{
    Task<int> Double(int value);

    Task<string?> Context(string key);

    Task<string?> ContextOfAnother(string key);

    Task<string> Refused();
}

public class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    private int _seen;

    public Task<int> Double(int value) => Task.FromResult(value * 2 + _seen * 1000);

    public Task<string?> Context(string key) => Task.FromResult(RequestContext.Get(key) as string);

    public Task<string?> ContextOfAnother(string key) => GrainFactory.GetGrain<IFilteredGrain>("another").Context(key);

    public Task<string> Refused() => Task.FromResult("never");

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.MethodName == nameof(Double)) _seen++;
        return context.Invoke();
    }
}

public sealed class FilterTests
{
    [Fact]
    public async Task IncomingFilters_RunAroundTheCall_InTheirOrder()
    {
        var lines = new List<string>();
        await using var silo = await TestSilo.StartAsync(builder => builder
            .AddIncomingGrainCallFilter(async context =>
            {
                lines.Add($"1 {context.InterfaceMethod.Name} {context.ImplementationMethod.DeclaringType!.Name} {context.TargetId}");
                await context.Invoke();
                lines.Add($"1 result {context.Result}");
                context.Result = (int)context.Result! + 1;
            })
            .AddIncomingGrainCallFilter(async context =>
            {
                lines.Add("2");
                context.Request.SetArgument(0, (int)context.Request.GetArgument(0)! * 10);
                await context.Invoke();
            }));
        Assert.Equal(1061, await silo.Grains.GetGrain<IFilteredGrain>("k").Double(3));
        Assert.Equal(["1 Double FilteredGrain filtered/k", "2", "1 result 1060"], lines);
    }

    [Fact]
    public async Task IncomingFilter_ThatThrows_FailsTheCall()
    {
        await using var silo = await TestSilo.StartAsync(builder => builder.AddIncomingGrainCallFilter(context
            => context.MethodName == nameof(IFilteredGrain.Refused) ? throw new UnauthorizedAccessException("not you") : context.Invoke()));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => silo.Grains.GetGrain<IFilteredGrain>("k").Refused());
        Assert.Equal(1002, await silo.Grains.GetGrain<IFilteredGrain>("k").Double(1));
    }

    [Fact]
    public async Task OutgoingFilter_SeesTheCall_AndItsContextArrives()
    {
        var seen = new List<string>();
        await using var silo = await TestSilo.StartAsync(builder => builder.AddOutgoingGrainCallFilter(async context =>
        {
            seen.Add($"{context.MethodName} from {context.SourceId?.ToString() ?? "outside"}");
            RequestContext.Set("stamp", "by the filter");
            await context.Invoke();
        }));
        Assert.Equal("by the filter", await silo.Grains.GetGrain<IFilteredGrain>("k").ContextOfAnother("stamp"));
        Assert.Equal(["ContextOfAnother from outside", "Context from filtered/k"], seen);
    }

    [Fact]
    public async Task RequestContext_FlowsDownTheCalls_AndNotBack()
    {
        await using var silo = await TestSilo.StartAsync();
        RequestContext.Set("tenant", "t1");
        Assert.Equal("t1", await silo.Grains.GetGrain<IFilteredGrain>("k").ContextOfAnother("tenant"));
        RequestContext.Clear();
        Assert.Null(await silo.Grains.GetGrain<IFilteredGrain>("k").Context("tenant"));
    }
}

public sealed class GatewayFilterTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task RequestContext_CrossesTheGateway()
    {
        RequestContext.Set("tenant", "t2");
        Assert.Equal("t2", await gateway.Grains.GetGrain<IFilteredGrain>("k").ContextOfAnother("tenant"));
    }
}
