using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace FanOut.EventBus.Tests.Review;

public sealed class StartNowTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_that_waits_for_an_open_transaction_says_what_it_waits_for()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var write = new NpgsqlCommand("create table held (id int)", connection, transaction))
        {
            await write.ExecuteNonQueryAsync(Cancellation);
        }

        var host = await world.StartWorkerAsync("group", configure: options => options.Start = GroupStart.Now);
        string? reason = null;
        try
        {
            await BusWorld.UntilAsync(
                async () =>
                {
                    var health = host.Services.GetRequiredService<HealthCheckService>();
                    reason = (await health.CheckHealthAsync(Cancellation)).Entries.Values.Single().Description;
                    return reason?.Contains("transaction", StringComparison.Ordinal) == true;
                },
                () => "a reason");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Assert.Fail($"It only says: {reason}");
        }
    }
}
