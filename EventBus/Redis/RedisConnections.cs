using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>Connections of their own for lanes: a blocking read would hold up everything else on the shared, multiplexed one.</summary>
internal sealed class RedisConnections(
    IConnectionMultiplexer shared, IOptions<ConfigurationOptions> configured, ConfigurationOptions? registered = null)
{
    public async Task<IConnectionMultiplexer> ConnectAsync(string clientName, TimeSpan maxBlock)
    {
        // The options that the shared connection was made from, where the host has registered them: they hold what its connection string can't, such
        // as a certificate callback or a provider of credentials.
        var known = registered ?? configured.Value;
        var options = known.EndPoints.Count > 0 ? known.Clone() : Parse(shared);
        options.ClientName = clientName;
        options.AbortOnConnectFail = false;
        options.AsyncTimeout = Math.Max(options.AsyncTimeout, (int)maxBlock.TotalMilliseconds + 4_000);
        options.HeartbeatInterval = TimeSpan.FromSeconds(1);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>
    /// A connection string has no way to write a comma: of one in a password the rest would be an option, or an address that is logged.
    /// </summary>
    private static ConfigurationOptions Parse(IConnectionMultiplexer shared)
    {
        try
        {
            var options = ConfigurationOptions.Parse(shared.Configuration);
            // Not compared one by one: the client fills in ports, and addresses for names.
            if (options.EndPoints.Count <= shared.GetEndPoints(configuredOnly: true).Length)
            {
                return options;
            }
        }
        catch (ArgumentException)
        {
            // It may name a part of a password.
        }

        throw new InvalidOperationException(
            "The shared Redis connection has what its connection string cannot hold, such as a password with a comma. Register the "
            + "ConfigurationOptions that it was made from too, as a singleton.");
    }
}
