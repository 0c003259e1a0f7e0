using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Tests.Review;

public sealed class OptionsTests
{
    [Fact]
    public async Task A_wrong_setting_of_one_group_is_named_by_its_own_key()
    {
        await using var world = await BusWorld.CreateAsync();
        var error = Assert.Throws<OptionsValidationException>(() => Read(
            world, ("EventBus:Consumer:Lanes", "4"), ("EventBus:Streams:orders:Groups:billing:Lanes", "0")));

        Assert.Contains("EventBus:Streams:orders:Groups:billing", error.Message, StringComparison.Ordinal);
    }

    internal static ConsumerOptions Read(BusWorld world, params (string Key, string Value)[] settings)
    {
        var builder = world.CreateHost();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)));
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddStream("orders", stream => stream.AddConsumerGroup("billing", group => group.Subscribe<Ping, PingHandler>()));
        using var host = builder.Build();
        return host.Services.GetRequiredService<IOptionsMonitor<ConsumerOptions>>().Get("orders/billing");
    }
}
