using System.Reflection;
using StackExchange.Redis;

namespace FanOut.TestServers.Gates;

/// <summary>A real database whose asynchronous calls pass a <see cref="CallGate"/> first.</summary>
public class GatedDatabase : DispatchProxy
{
    private static readonly MethodInfo Pass = typeof(GatedDatabase).GetMethod(nameof(PassAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;
    private IDatabase _redis = null!;
    private CallGate _gate = null!;

    public static IDatabase Create(IDatabase redis, CallGate gate)
    {
        var proxy = Create<IDatabase, GatedDatabase>();
        var gated = (GatedDatabase)(object)proxy;
        (gated._redis, gated._gate) = (redis, gate);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = targetMethod!;
        if (method.ReturnType == typeof(Task))
        {
            return _gate.PassAsync(
                async () =>
                {
                    await (Task)Call(method, args)!;
                    return true;
                },
                GatedRedis.Cut);
        }

        return method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(Task<>)
            ? Pass.MakeGenericMethod(method.ReturnType.GenericTypeArguments).Invoke(this, [method, args])
            : Call(method, args);
    }

    private Task<T> PassAsync<T>(MethodInfo method, object?[]? args) => _gate.PassAsync(() => (Task<T>)Call(method, args)!, GatedRedis.Cut);

    private object? Call(MethodInfo method, object?[]? args) => method.Invoke(_redis, BindingFlags.DoNotWrapExceptions, null, args, null);
}
