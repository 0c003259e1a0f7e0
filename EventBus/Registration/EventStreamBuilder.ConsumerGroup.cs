using FanOut.EventBus.Consuming;
using FanOut.EventBus.Database;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Consumes for a group: every event of the stream has its effect once in each group, whatever happens to its workers. Events of a type that no
    /// worker of the group subscribes to are done at once. What crashed workers left comes again only where a reclaimer runs (<c>AddReclaimer</c>),
    /// here or in another process. Adds the health check <c>consumer-group-{stream}-{group}</c>.
    /// </summary>
    /// <param name="name">The group's name; see <see cref="GroupName"/> for its form. All replicas of a worker use the same.</param>
    /// <param name="subscribe">Adds the handlers.</param>
    /// <remarks>
    /// Workers of one group may handle different types: an event waits for a worker of its type. A type that no worker has handled for an hour, while
    /// others of the group ran, counts as given up: its events are done without an effect.
    /// </remarks>
    /// <param name="configure">
    /// Changes the options after they were read from <c>EventBus:Consumer</c> and <c>EventBus:Streams:{stream}:Groups:{group}</c>; may be null.
    /// </param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> has another form, this process has the group already, or it has no handler.
    /// </exception>
    public EventStreamBuilder AddConsumerGroup(string name, Action<ConsumerGroupBuilder> subscribe, Action<ConsumerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(subscribe);
        var registration = new ConsumerGroupRegistration(Name, new GroupName(name));
        var key = registration.OptionsName;
        if (Services.Any(service => service.ServiceType == typeof(ConsumerGroupService) && Equals(service.ServiceKey, key)))
        {
            throw new ArgumentException(
                $"Consumer group '{name}' is added twice: call AddConsumerGroup once and subscribe all its handlers there.", nameof(name));
        }

        subscribe(new ConsumerGroupBuilder(Services, EventTypes, registration));
        if (registration.Subscriptions.Count == 0)
        {
            throw new ArgumentException($"Consumer group '{name}' has no handler: call Subscribe or SubscribeBatch.", nameof(subscribe));
        }

        // A list is added to by each section that is bound: what is set for the group replaces it.
        var own = $"{EventBusOptions.SectionName}:Streams:{Name}:Groups:{name}";
        var options = Services.AddOptions<ConsumerOptions>(key).BindConfiguration(ConsumerOptions.SectionName);
        options.Configure<IConfiguration>((value, configuration) =>
        {
            if (configuration.GetSection($"{own}:{nameof(ConsumerOptions.RetryDelays)}").GetChildren().Any())
            {
                value.RetryDelays = [];
            }
        }).BindConfiguration(own);
        Complete(options, configure, ConsumerOptions.SectionName, own);
        Require(RedisAccess.OfConsumerGroup(Name), RelationAccess.OfConsumerGroup);
        Services.AddKeyedSingleton(key, (provider, _) => CreateGroup(provider, registration));
        Services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<ConsumerGroupService>(key));
        AddHealthCheck(
            $"consumer-group-{Name}-{name}",
            provider => new ConsumerGroupHealthCheck(provider.GetRequiredKeyedService<ConsumerGroupService>(key)),
            "ready");
        return this;
    }

    private static ConsumerGroupService CreateGroup(IServiceProvider provider, ConsumerGroupRegistration registration)
    {
        Action<long> committedSince = Get<OutboxWakeUps>(provider).CommittedSince;
        return Create<ConsumerGroupService>(
            provider,
            registration,
            Get<IOptionsMonitor<ConsumerOptions>>(provider).Get(registration.OptionsName),
            Create<LaneServices>(provider, committedSince, Get<ILogger<ConsumerGroupService>>(provider)));
    }
}
