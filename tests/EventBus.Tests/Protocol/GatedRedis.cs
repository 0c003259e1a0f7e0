using System.Reflection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>A real connection whose databases are gated.</summary>
public class GatedRedis : DispatchProxy
{
    private IConnectionMultiplexer _redis = null!;
    private RedisGate _gate = null!;

    internal static IConnectionMultiplexer Create(IConnectionMultiplexer redis, RedisGate gate)
    {
        var proxy = Create<IConnectionMultiplexer, GatedRedis>();
        var gated = (GatedRedis)(object)proxy;
        (gated._redis, gated._gate) = (redis, gate);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IConnectionMultiplexer.GetDatabase) => GatedDatabase.Create(_redis.GetDatabase(), _gate),

        // It is shared with other actors.
        nameof(IDisposable.Dispose) => null,
        nameof(IAsyncDisposable.DisposeAsync) => ValueTask.CompletedTask,
        _ => targetMethod.Invoke(_redis, BindingFlags.DoNotWrapExceptions, null, args, null),
    };
}
