namespace FanOut.ServiceDefaults.Clients;

internal sealed class RedisClientSettings
{
    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }
}
