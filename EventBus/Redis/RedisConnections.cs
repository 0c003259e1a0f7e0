using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>Connections of their own for lanes: a blocking read would hold up everything else on the shared, multiplexed one.</summary>
internal sealed class RedisConnections(IConnectionMultiplexer shared, IOptions<ConfigurationOptions> configured)
{
    public async Task<IConnectionMultiplexer> ConnectAsync(string clientName, TimeSpan maxBlock)
    {
        // The options that the shared connection was made from, where the host has registered them: they hold what its connection string can't, such
        // as a certificate callback.
        var options = configured.Value.EndPoints.Count > 0 ? configured.Value.Clone() : ConfigurationOptions.Parse(shared.Configuration);
        options.ClientName = clientName;
        options.AbortOnConnectFail = false;
        options.AsyncTimeout = Math.Max(options.AsyncTimeout, (int)maxBlock.TotalMilliseconds + 4_000);
        options.HeartbeatInterval = TimeSpan.FromSeconds(1);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }
}
