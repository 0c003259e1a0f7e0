using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class GroupStartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_that_waits_for_an_open_transaction_says_so_once_and_starts_when_it_ends()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var write = new NpgsqlCommand("select pg_current_xact_id()", connection, transaction))
        {
            await write.ExecuteNonQueryAsync(Cancellation);
        }

        var log = new LogRecorder();
        var host = await world.StartWorkerAsync("now", configure: options => options.Start = GroupStart.Now, log: log);
        await BusWorld.UntilAsync(
            async () => await ReasonAsync() is { } reason && reason.Contains("pg_prepared_xacts", StringComparison.Ordinal), () => "a reason");
        await transaction.CommitAsync(Cancellation);

        await BusWorld.UntilAsync(async () => await ReasonAsync() is null, () => "the start");
        Assert.Contains("pg_stat_activity", Assert.Single(log.Entries, entry => entry.EventId == 221).Text, StringComparison.Ordinal);

        async Task<string?> ReasonAsync() =>
            (await host.Services.GetHealthChecks().CheckHealthAsync(Cancellation)).Entries.Values.Single().Description;
    }

    [Fact]
    public async Task A_group_whose_key_holds_something_else_is_degraded_until_the_key_is_gone()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.Redis.StringSetAsync(world.Key, "a cache");
        var host = await world.StartWorkerAsync("blocked");
        await BusWorld.UntilAsync(
            async () => await HealthAsync() is { Status: HealthStatus.Degraded, Description: { } reason }
                && reason.Contains("WRONGTYPE", StringComparison.Ordinal),
            () => "a reason");

        await world.Redis.KeyDeleteAsync(world.Key);

        await BusWorld.UntilAsync(async () => (await HealthAsync()).Status == HealthStatus.Healthy, () => "the start");
        await world.PublishAsync(1);
        await world.AssertEachOnceAsync("blocked", 1);

        async Task<HealthReportEntry> HealthAsync() =>
            (await host.Services.GetHealthChecks().CheckHealthAsync(Cancellation)).Entries.Values.Single();
    }
}
