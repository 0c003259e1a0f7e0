using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Telemetry;
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
    /// Adds what watches a stream: sampler, metrics, Kafka trigger, and their health checks. A reclaimer's loops take the samples.
    /// </summary>
    internal void AddSampling()
    {
        AddOptions<SamplingOptions>(
            Name.Value,
            configure: null,
            "EventBus:Outbox",
            $"EventBus:Streams:{Name}:Outbox",
            SamplingOptions.SectionName,
            $"EventBus:Streams:{Name}:Reclaimer");
        AddOptions<KafkaTriggerOptions>(Name.Value, configure: null, KafkaTriggerOptions.SectionName, $"EventBus:Streams:{Name}:KafkaTrigger");
        AddSingleton(provider => new StreamSampler(
            Name,
            provider.GetRequiredService<StreamCatalog>(),
            provider.GetRequiredService<IConnectionMultiplexer>(),
            provider.GetRequiredService<NpgsqlDataSource>(),
            Options<SamplingOptions>(provider),
            provider.GetRequiredService<TimeProvider>()));
        AddSingleton(provider => new ReclaimerMetrics(
            Name,
            provider.GetRequiredService<EventBusMetrics>(),
            Keyed<StreamSampler>(provider),
            Options<SamplingOptions>(provider),
            provider.GetRequiredService<TimeProvider>()));
        AddSingleton(provider => new KafkaTrigger(Options<KafkaTriggerOptions>(provider)));
        AddSingleton(provider => new KafkaTriggerWatch(
            Name,
            Keyed<KafkaTrigger>(provider),
            Options<KafkaTriggerOptions>(provider),
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<EventBusMetrics>(),
            provider.GetRequiredService<ILogger<KafkaTriggerWatch>>()));
        AddHealthCheck("reclaimer", provider => new ReclaimerHealthCheck(Keyed<ReclaimerMetrics>(provider), Options<SamplingOptions>(provider)));
        AddHealthCheck("kafka-trigger", provider => new KafkaTriggerHealthCheck(Keyed<KafkaTrigger>(provider)));
    }

    /// <summary>What a reclaimer measures of a stream.</summary>
    private static IEnumerable<Concern> SamplingConcerns(IServiceProvider provider, StreamIdentity stream)
    {
        var key = stream.Name.Value;
        var sampler = provider.GetRequiredKeyedService<StreamSampler>(key);
        var trigger = provider.GetRequiredKeyedService<KafkaTriggerWatch>(key);
        provider.GetRequiredKeyedService<ReclaimerMetrics>(key);
        yield return new Concern(
            $"sample stream '{stream.Name}'",
            provider.GetRequiredService<IOptionsMonitor<SamplingOptions>>().Get(key).SampleInterval,
            async token =>
            {
                await sampler.SampleAsync(token);
                return false;
            });
        yield return new Concern(
            $"evaluate the Kafka trigger of stream '{stream.Name}'",
            provider.GetRequiredService<IOptionsMonitor<KafkaTriggerOptions>>().Get(key).Interval,
            async token =>
            {
                await trigger.RunOnceAsync(stream, sampler.Latest ?? await sampler.SampleAsync(token), token);
                return false;
            });
    }

    private void AddHealthCheck(string kind, Func<IServiceProvider, IHealthCheck> create) =>
        Services.AddHealthChecks().Add(new HealthCheckRegistration($"{kind}-{Name}", create, failureStatus: null, tags: null));

    private T Keyed<T>(IServiceProvider provider)
        where T : class =>
        provider.GetRequiredKeyedService<T>(Name.Value);

    private T Options<T>(IServiceProvider provider)
        where T : class =>
        provider.GetRequiredService<IOptionsMonitor<T>>().Get(Name.Value);
}
