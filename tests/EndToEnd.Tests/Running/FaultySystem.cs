using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>A running system for tests that kill its processes.</summary>
public sealed class FaultySystem : IAsyncLifetime
{
    internal RunningSystem System { get; private set; } = null!;

    internal WebhookReceiver Webhooks { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Webhooks = await WebhookReceiver.StartAsync();
        System = await RunningSystem.StartAsync("faulty", new Dictionary<string, string>(QuickRecovery.Settings)
        {
            ["Webhooks__AllowPrivateNetworks"] = "true",
            // A killed dispatcher's deliveries are retried when their lease ends.
            ["Webhooks__Timeout"] = "00:00:02",
            ["Webhooks__Lease"] = "00:00:03",
        });
    }

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Webhooks.DisposeAsync();
    }
}
