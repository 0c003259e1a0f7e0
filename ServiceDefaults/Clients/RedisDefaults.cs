using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace FanOut.ServiceDefaults.Clients;

internal sealed class RedisDefaults(string applicationName) : DefaultOptionsProvider
{
    // Services and Redis start in any order, and survive each other's restarts.
    public override bool AbortOnConnectFail => false;

    public override TimeSpan KeepAliveInterval => TimeSpan.FromSeconds(15);

    public override bool TcpKeepAlive => true;

    public override IReconnectRetryPolicy ReconnectRetryPolicy => new ExponentialRetry(250, maxDeltaBackOffMilliseconds: 5_000);

    // CLIENT SETNAME takes no spaces.
    protected override string GetDefaultClientName() => $"{applicationName}@{ComputerName}".Replace(' ', '-');
}
