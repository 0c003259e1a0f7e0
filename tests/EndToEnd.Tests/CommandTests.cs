using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(SharedSystemGroup))]
public sealed class CommandTests(SharedSystem shared)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_demo_command_places_a_hundred_orders()
    {
        var before = await CountAsync();

        await shared.System.RunCommandAsync("order-api", "place-demo-orders", Cancelled);

        Assert.Equal(before + 100, await CountAsync());
    }

    private async Task<long> CountAsync()
    {
        await using var command = shared.System.Database.CreateCommand("select count(*) from orders.orders where customer_id ~ '^C[0-9]{3}$'");
        return (long)(await command.ExecuteScalarAsync(Cancelled))!;
    }
}
