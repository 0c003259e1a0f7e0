using FanOut.EventBus.Database;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Registration;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>
/// Adds the parts of one stream that this process needs: <c>AddOutbox</c>, <c>AddConsumerGroup</c>, <c>AddReclaimer</c>, <c>AddDeadLetters</c>.
/// </summary>
public sealed partial class EventStreamBuilder
{
    internal EventStreamBuilder(IServiceCollection services, StreamName name, EventTypeRegistry eventTypes)
    {
        Services = services;
        Name = name;
        EventTypes = eventTypes;
    }

    /// <summary>The host's services. What belongs to one stream is registered with the stream's name as key.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The stream's name.</summary>
    public StreamName Name { get; }

    internal EventTypeRegistry EventTypes { get; }

    /// <summary>
    /// Adds the <see cref="DeadLetterQueue"/> of this stream, for a process that shows dead letters or decides about them. A
    /// process with a reclaimer has it already.
    /// </summary>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddDeadLetters()
    {
        AddSingleton(provider => new DeadLetterQueue(
            Name, Get<StreamCatalog>(provider), Get<NpgsqlDataSource>(provider), Get<EventBusMetrics>(provider)));
        return this;
    }

    /// <summary>Adds <see cref="ConsumerGroupAdministration"/>.</summary>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddGroupAdministration()
    {
        AddSingleton(provider => new ConsumerGroupAdministration(
            Name, Get<StreamCatalog>(provider), Get<ConsumerGroups>(provider), Get<ILogger<ConsumerGroupAdministration>>(provider)));
        return this;
    }

    /// <summary>
    /// Registers a service of this stream under the stream's name as key. In a process with one stream it is also found without a key.
    /// </summary>
    private void AddSingleton<T>(Func<IServiceProvider, T> create)
        where T : class
    {
        Services.TryAddKeyedSingleton(Name.Value, (provider, _) => create(provider));
        Services.TryAddSingleton(provider => Get<StreamNames>(provider).Count == 1
            ? Own<T>(provider)
            : throw new InvalidOperationException(
                $"This process has several streams: inject the {typeof(T).Name} of one of them by [FromKeyedServices(\"{Name}\")]."));
    }

    /// <summary>Registers a hosted service of this stream.</summary>
    private void AddHostedService<T>(Func<IServiceProvider, T> create)
        where T : class, IHostedService
    {
        if (Services.Any(service => service.ServiceType == typeof(T) && Equals(service.ServiceKey, Name.Value)))
        {
            throw new ArgumentException($"A part of stream '{Name}' is added twice: call AddOutbox and AddReclaimer once for each stream.");
        }

        AddSingleton(create);
        Services.AddSingleton<IHostedService>(Own<T>);
    }

    /// <summary>Binds options named <paramref name="name"/> to one section after the other; what <paramref name="configure"/> sets wins.</summary>
    private void AddOptions<T>(string name, Action<T>? configure, params string[] sections)
        where T : class
    {
        OptionsBuilder<T> options = Services.AddOptions<T>(name);
        foreach (var section in sections)
        {
            options.BindConfiguration(section);
        }

        Complete(options, configure, sections);
    }

    /// <summary>Completes options that are bound to <paramref name="sections"/>.</summary>
    private static void Complete<T>(OptionsBuilder<T> options, Action<T>? configure, params string[] sections)
        where T : class
    {
        if (configure is not null)
        {
            options.Configure(configure);
        }

        options.ValidateOnStart().Services.AddSingleton<IValidateOptions<T>>(
            provider => new SettingsValidator<T>(options.Name, sections, Get<IConfiguration>(provider)));
    }

    /// <summary>Has the servers asked at start whether they allow what a part does.</summary>
    private void Require(RedisAccess redis, IReadOnlyList<RelationAccess> postgres)
    {
        Services.AddSingleton(redis);
        foreach (var access in postgres)
        {
            Services.AddSingleton(access);
        }
    }

    private void AddHealthCheck(string name, Func<IServiceProvider, IHealthCheck> create, params string[] tags) =>
        Services.AddHealthChecks().Add(new HealthCheckRegistration(name, create, failureStatus: null, tags));

    private static T Get<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>A service of this stream.</summary>
    private T Own<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredKeyedService<T>(Name.Value);

    /// <summary>The options of this stream.</summary>
    private T Options<T>(IServiceProvider provider)
        where T : class => Get<IOptionsMonitor<T>>(provider).Get(Name.Value);

    /// <summary>Makes a part of this stream: of what is given, and of the host's services.</summary>
    private static T Create<T>(IServiceProvider provider, params object[] given) => ActivatorUtilities.CreateInstance<T>(provider, given);
}
