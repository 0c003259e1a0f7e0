using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Adds the <see cref="Outbox"/> of this stream and the relay that publishes it. Any number of replicas may run: one of them leads, the others
    /// stand by. Adds <see cref="StreamRecovery"/>, and the health check <c>relay-{stream}</c>, which is not one of liveness.
    /// </summary>
    /// <param name="configure">
    /// Changes the options after they were read from <see cref="OutboxOptions.SectionName"/> and from <c>EventBus:Streams:{stream}:Outbox</c>; may be
    /// null.
    /// </param>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddOutbox(Action<OutboxOptions>? configure = null)
    {
        AddOptions(Name.Value, configure, OutboxOptions.SectionName, $"EventBus:Streams:{Name}:Outbox");
        AddHostedService(provider => new OutboxStart(
            Name, Get<StreamCatalog>(provider), Get<NpgsqlDataSource>(provider), Get<TimeProvider>(provider), Get<ILogger<OutboxStart>>(provider)));
        AddSingleton(provider => new RelayStatus(Name, Get<ILogger<RelayStatus>>(provider)));
        AddHostedService(provider => new OutboxBacklog(
            Own<OutboxStart>(provider), Get<NpgsqlDataSource>(provider), OutboxOptionsOf(provider), Get<TimeProvider>(provider)));
        AddHostedService(provider =>
        {
            var wakeUp = new OutboxWakeUp(
                Name, Get<IConnectionMultiplexer>(provider), Own<RelayStatus>(provider), OutboxOptionsOf(provider), Get<TimeProvider>(provider));
            Get<OutboxWakeUps>(provider).Add(wakeUp);
            return wakeUp;
        });
        AddSingleton(provider => new Outbox(
            Own<OutboxStart>(provider), Get<IOptions<EventBusOptions>>(provider).Value.Source, Get<EventTypeRegistry>(provider),
            Own<OutboxWakeUp>(provider), Own<OutboxBacklog>(provider), OutboxOptionsOf(provider), Get<TimeProvider>(provider)));
        AddSingleton(provider => new StreamAppender(Name, Get<IConnectionMultiplexer>(provider), OutboxOptionsOf(provider)));
        AddSingleton(provider => new StreamRecovery(
            Name, Get<StreamCatalog>(provider), Get<NpgsqlDataSource>(provider), Own<StreamAppender>(provider)));
        AddHostedService(CreateRelay);
        Services.AddHealthChecks().Add(new HealthCheckRegistration(
            $"relay-{Name}",
            provider => new RelayHealthCheck(Name, Own<RelayStatus>(provider), Own<OutboxBacklog>(provider)),
            HealthStatus.Unhealthy,
            ["ready"]));
        return this;
    }

    private Relay CreateRelay(IServiceProvider provider)
    {
        var (options, time, redis) = (OutboxOptionsOf(provider), Get<TimeProvider>(provider), Get<IConnectionMultiplexer>(provider));
        var (status, backlog) = (Own<RelayStatus>(provider), Own<OutboxBacklog>(provider));
        return new Relay(
            new OutboxReader(Own<OutboxStart>(provider), Get<NpgsqlDataSource>(provider), options, time),
            Own<StreamAppender>(provider),
            new RelayLease(Name, redis, options, time),
            Own<OutboxWakeUp>(provider),
            status,
            new RelayMetrics(Get<EventBusMetrics>(provider), Name, status, backlog),
            options,
            time);
    }

    private OutboxOptions OutboxOptionsOf(IServiceProvider provider) => Get<IOptionsMonitor<OutboxOptions>>(provider).Get(Name.Value);

    private static T Get<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredService<T>();

    private T Own<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredKeyedService<T>(Name.Value);
}
