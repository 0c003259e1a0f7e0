using System.Reflection;
using StackExchange.Redis;

namespace FanOut.TestServers.Gates;

/// <summary>A real connection whose databases are gated.</summary>
public class GatedRedis : DispatchProxy
{
    private IConnectionMultiplexer _redis = null!;
    private CallGate _gate = null!;

    public static IConnectionMultiplexer Create(IConnectionMultiplexer redis, CallGate gate)
    {
        var proxy = Create<IConnectionMultiplexer, GatedRedis>();
        var gated = (GatedRedis)(object)proxy;
        (gated._redis, gated._gate) = (redis, gate);
        return proxy;
    }

    /// <summary>What a caller gets whose call or reply is lost.</summary>
    public static Exception Cut() =>
        new RedisConnectionException(ConnectionFailureType.SocketFailure, CommandFlags.None, "The schedule has cut this connection.");

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IConnectionMultiplexer.GetDatabase) => GatedDatabase.Create(_redis.GetDatabase(), _gate),

        // It is shared with other actors.
        nameof(IDisposable.Dispose) => null,
        nameof(IAsyncDisposable.DisposeAsync) => ValueTask.CompletedTask,
        _ => targetMethod.Invoke(_redis, BindingFlags.DoNotWrapExceptions, null, args, null),
    };
}
