using Npgsql;

namespace FanOut.EventBus.Tests.Migrations;

public sealed class SchemaMigratorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_that_is_lost_in_mid_migration_is_waited_out()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var holder = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await holder.BeginTransactionAsync(Cancellation);
        await using (var command = new NpgsqlCommand("create schema bus", holder))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var builder = world.CreateHost();
        builder.AddEventBus();
        var starting = world.StartAsync(builder);
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'create schema%'") is > 0L,
            () => "the migration at work");
        await transaction.RollbackAsync(Cancellation);

        await starting;
        Assert.Equal(true, await world.ScalarAsync("select to_regclass('bus.inbox') is not null"));
    }
}
