using FanOut.EndToEnd.Tests.Telemetry;
using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>One running system for all tests that do not damage it. It sends telemetry to a receiver of the tests.</summary>
public sealed class SharedSystem : IAsyncLifetime
{
    internal RunningSystem System { get; private set; } = null!;

    internal OtlpReceiver Otlp { get; private set; } = null!;

    internal WebhookReceiver Webhooks { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Otlp = await OtlpReceiver.StartAsync();
        Webhooks = await WebhookReceiver.StartAsync();
        System = await RunningSystem.StartAsync(
            "shared",
            new Dictionary<string, string>(QuickRecovery.Settings)
            {
                ["Webhooks__AllowPrivateNetworks"] = "true",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Otlp.Url,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            });
    }

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Webhooks.DisposeAsync();
        await Otlp.DisposeAsync();
    }
}
