using Xunit;

namespace FanOut.EndToEnd.Tests.Running;

/// <summary>A running system whose parts are going to be killed.</summary>
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
            // A killed dispatcher's deliveries come due with the end of their lease.
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
