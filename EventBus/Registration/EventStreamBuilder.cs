using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

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
    /// Registers a service of this stream under the stream's name as key. In a process with one stream it is also found without a key.
    /// </summary>
    internal void AddSingleton<T>(Func<IServiceProvider, T> create)
        where T : class
    {
        Services.TryAddKeyedSingleton(Name.Value, (provider, _) => create(provider));
        Services.TryAddSingleton(provider => provider.GetRequiredService<StreamNames>().All is [var only]
            ? provider.GetRequiredKeyedService<T>(only.Value)
            : throw new InvalidOperationException(
                $"This process has several streams: inject the {typeof(T).Name} of one of them by [FromKeyedServices(\"{Name}\")]."));
    }

    /// <summary>Registers a hosted service of this stream.</summary>
    internal void AddHostedService<T>(Func<IServiceProvider, T> create)
        where T : class, IHostedService
    {
        if (Services.Any(service => service.ServiceType == typeof(T) && Equals(service.ServiceKey, Name.Value)))
        {
            throw new ArgumentException($"A part of stream '{Name}' is added twice: call AddOutbox and AddReclaimer once for each stream.");
        }

        AddSingleton(create);
        Services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<T>(Name.Value));
    }

    /// <summary>Binds options named <paramref name="name"/> to one section after the other; what <paramref name="configure"/> sets wins.</summary>
    internal void AddOptions<T>(string name, Action<T>? configure, params string[] sections)
        where T : class
    {
        OptionsBuilder<T> options = Services.AddOptions<T>(name);
        foreach (var section in sections)
        {
            options.BindConfiguration(section);
        }

        if (configure is not null)
        {
            options.Configure(configure);
        }

        options.ValidateDataAnnotations().ValidateOnStart();
    }
}
