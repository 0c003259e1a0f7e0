namespace FanOut.ServiceDefaults.Clients;

internal sealed class NpgsqlClientSettings
{
    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }

    public bool DisableMetrics { get; set; }
}
