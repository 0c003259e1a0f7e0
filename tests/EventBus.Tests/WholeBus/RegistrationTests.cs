using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>What a host is given, before it starts.</summary>
public sealed class RegistrationTests
{
    private const string Own = "EventBus:Streams:orders";

    [Fact]
    public async Task Two_streams_may_have_groups_of_the_same_name()
    {
        await using var world = await BusWorld.CreateAsync();
        using var host = Build(world);

        var checks = host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations;

        Assert.Equal(
            ["consumer-group-invoices-billing", "consumer-group-orders-billing", "kafka-trigger-orders", "reclaimer-orders", "relay-orders"],
            checks.Select(check => check.Name).Order());
        await host.Services.GetHealthChecks().CheckHealthAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_part_of_a_stream_that_is_added_twice_is_refused()
    {
        await using var world = await BusWorld.CreateAsync();
        Assert.Throws<ArgumentException>(() => world.CreateHost().AddEventBus().AddStream("orders", stream => stream.AddOutbox().AddOutbox()));
        Assert.Throws<ArgumentException>(() => world.CreateHost().AddEventBus().AddStream("orders", stream => stream.AddReclaimer().AddReclaimer()));
    }

    [Theory]
    [InlineData("EventBus:Consumer:Lanes", "0", "EventBus:Consumer:Lanes must be 1 to 64.")]
    [InlineData($"{Own}:Groups:billing:Lanes", "0", $"{Own}:Groups:billing:Lanes must be 1 to 64.")]
    [InlineData($"{Own}:Groups:billing:RetryDelays:0", "-00:00:01", $"{Own}:Groups:billing:RetryDelays:0 is -00:00:01, but must be")]
    [InlineData("EventBus:Outbox:RetryAfter", "00:00:00", "EventBus:Outbox:RetryAfter is 00:00:00, but must be")]
    [InlineData($"{Own}:Outbox:RetryAfter", "00:00:00", $"{Own}:Outbox:RetryAfter is 00:00:00, but must be")]
    [InlineData($"{Own}:Outbox:MaxStreamLength", "-1", $"{Own}:Outbox:MaxStreamLength must be 0")]
    [InlineData($"{Own}:Reclaimer:Interval", "00:02:00", $"{Own}:Reclaimer:Interval must be from")]
    [InlineData($"{Own}:KafkaTrigger:MaxGroups", "0", $"{Own}:KafkaTrigger:MaxGroups must be from")]
    public async Task A_wrong_setting_is_named_by_the_key_that_sets_it(string key, string value, string message)
    {
        await using var world = await BusWorld.CreateAsync();
        using var host = Build(world, (key, value), ("EventBus:Consumer:BatchSize", "400"), ("EventBus:Reclaimer:Interval", "00:00:02"));

        var validator = host.Services.GetRequiredService<IStartupValidator>();
        var wrong = Record.Exception(validator.Validate)!;

        // Where two options have the setting, both say so.
        IEnumerable<Exception> all = wrong is AggregateException many ? many.InnerExceptions : [wrong];
        Assert.All(all, one => Assert.StartsWith(
            message, Assert.Single(Assert.IsType<OptionsValidationException>(one).Failures), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_RetryDelays_of_a_group_replace_those_for_all_groups()
    {
        await using var world = await BusWorld.CreateAsync();
        using var host = Build(
            world,
            ("EventBus:Consumer:RetryDelays:0", "00:00:10"),
            ("EventBus:Consumer:RetryDelays:1", "00:00:20"),
            ($"{Own}:Groups:billing:RetryDelays:0", "00:00:01"));

        var options = host.Services.GetRequiredService<IOptionsMonitor<ConsumerOptions>>();

        Assert.Equal([TimeSpan.FromSeconds(1)], options.Get("orders/billing").RetryDelays);
        Assert.Equal([TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20)], options.Get("invoices/billing").RetryDelays);
    }

    private static IHost Build(BusWorld world, params (string Key, string Value)[] settings)
    {
        var builder = world.CreateHost();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)));
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddStream("orders", stream => stream
                .AddOutbox().AddConsumerGroup("billing", group => group.Subscribe<Ping, PingHandler>()).AddReclaimer())
            .AddStream("invoices", stream => stream.AddConsumerGroup("billing", group => group.Subscribe<Ping, PingHandler>()));
        return builder.Build();
    }
}
