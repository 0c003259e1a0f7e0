using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Consuming;

/// <summary>Adds consumer groups to the event bus.</summary>
public static class ConsumerGroupEventBusBuilderExtensions
{
    /// <summary>
    /// Consumes for a group: every event of the stream has its effect once in each group, whatever happens to its workers. Events that no handler of the group subscribes to are done at once.
    /// What failed, and what crashed workers left, comes again only where a reclaimer runs (<c>AddReclaimer</c>), here or in another process.
    /// </summary>
    /// <param name="bus">The event bus.</param>
    /// <param name="group">The group's name; see <see cref="GroupName"/> for its form. All replicas of a worker use the same.</param>
    /// <param name="configure">Changes the options after they were read from <c>EventBus:Consumer</c> and <c>EventBus:Consumer:{group}</c>; may be null.</param>
    /// <returns>A builder that adds handlers.</returns>
    /// <exception cref="ArgumentException"><paramref name="group"/> has another form, or this process has the group already.</exception>
    public static ConsumerGroupBuilder AddConsumerGroup(this EventBusBuilder bus, string group, Action<ConsumerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        var registration = new ConsumerGroupRegistration(new GroupName(group));
        if (bus.Services.Any(service => service.ServiceType == typeof(ConsumerGroupService) && Equals(service.ServiceKey, group)))
        {
            throw new ArgumentException($"Consumer group '{group}' is added twice: call AddConsumerGroup once and subscribe all its handlers there.", nameof(group));
        }

        var options = bus.Services.AddOptions<ConsumerOptions>(group)
            .BindConfiguration(ConsumerOptions.SectionName)
            .BindConfiguration($"{ConsumerOptions.SectionName}:{group}")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        bus.AddStorage();
        bus.Services.AddKeyedSingleton(group, (provider, _) => ActivatorUtilities.CreateInstance<ConsumerGroupService>(provider, registration));
        bus.Services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<ConsumerGroupService>(group));
        bus.Services.AddHealthChecks().Add(new($"consumer-group-{group}", provider => new ConsumerGroupHealthCheck(provider.GetRequiredKeyedService<ConsumerGroupService>(group)), null, ["ready"]));
        return new ConsumerGroupBuilder(bus, registration);
    }
}
