using FanOut.EventBus.Database;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Adds the <see cref="Outbox"/> of this stream and the relay that publishes it. Any number of replicas may run: one of them leads, the others
    /// stand by. Adds <see cref="StreamRecovery"/>, and the health check <c>relay-{stream}</c>, which is never
    /// worse than degraded: the outbox takes events while the relay waits.
    /// </summary>
    /// <param name="configure">
    /// Changes the options after they were read from <see cref="OutboxOptions.SectionName"/> and from <c>EventBus:Streams:{stream}:Outbox</c>; may be
    /// null.
    /// </param>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddOutbox(Action<OutboxOptions>? configure = null)
    {
        Require(RedisAccess.OfOutbox(Name), RelationAccess.OfOutbox);
        AddOptions(Name.Value, configure, OutboxOptions.SectionName, $"EventBus:Streams:{Name}:Outbox");
        AddHostedService(provider => Create<OutboxStart>(provider, Name));
        AddSingleton(provider => Create<RelayStatus>(provider, Name));
        AddHostedService(provider => Create<OutboxBacklog>(provider, Own<OutboxStart>(provider), Options<OutboxOptions>(provider)));
        AddHostedService(provider =>
        {
            var wakeUp = Create<OutboxWakeUp>(provider, Name, Own<RelayStatus>(provider), Options<OutboxOptions>(provider));
            Get<OutboxWakeUps>(provider).Add(wakeUp);
            return wakeUp;
        });
        AddSingleton(provider => new Outbox(
            Own<OutboxStart>(provider), Get<IOptions<EventBusOptions>>(provider).Value.Source, Get<EventTypeRegistry>(provider),
            Own<OutboxWakeUp>(provider), Own<OutboxBacklog>(provider), Options<OutboxOptions>(provider), Get<TimeProvider>(provider)));
        AddSingleton(provider => Create<StreamAppender>(provider, Name, Options<OutboxOptions>(provider)));
        AddSingleton(provider => new StreamRecovery(
            Name, Get<StreamCatalog>(provider), Get<NpgsqlDataSource>(provider), Own<StreamAppender>(provider)));
        AddHostedService(CreateRelay);
        AddHealthCheck(
            $"relay-{Name}", provider => new RelayHealthCheck(Name, Own<RelayStatus>(provider), Own<OutboxBacklog>(provider)), "ready");
        return this;
    }

    private Relay CreateRelay(IServiceProvider provider)
    {
        var (options, status) = (Options<OutboxOptions>(provider), Own<RelayStatus>(provider));
        return Create<Relay>(
            provider,
            Create<OutboxReader>(provider, Own<OutboxStart>(provider), options),
            Own<StreamAppender>(provider),
            Create<RelayLease>(provider, Name, options),
            Own<OutboxWakeUp>(provider),
            status,
            Create<RelayMetrics>(provider, Name, status, Own<OutboxBacklog>(provider)),
            options);
    }
}
