namespace FanOut.Chaos.Scenarios;

/// <summary>What a fault needs for itself: two faults that share a part do not happen at the same time.</summary>
[Flags]
internal enum Part
{
    None = 0,
    Api = 1,
    Webhook = 2,
    Analytics = 4,
    Notification = 8,
    Reclaimer = 16,
    Redis = 32,
    Postgres = 64,
    Network = 128,
    Services = Api | Webhook | Analytics | Notification | Reclaimer,
}
