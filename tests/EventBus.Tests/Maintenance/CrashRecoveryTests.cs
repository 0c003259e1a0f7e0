using FanOut.TestServers;
using Npgsql;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class CrashRecoveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>After the crash of one backend Postgres recovers under the same postmaster, and may lack the last commits.</summary>
    [Fact]
    public async Task Positions_that_are_used_again_after_a_crash_of_a_backend_are_not_passed_over()
    {
        await using var server = await PostgresServer.StartAsync(
            new PostgresServerOptions
            {
                Settings = new Dictionary<string, string>
                {
                    ["synchronous_commit"] = "off",
                    ["wal_writer_delay"] = "10s",
                    ["wal_writer_flush_after"] = "1GB",
                    ["autovacuum"] = "off",
                },
            },
            Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        var group = await world.RegisterGroupAsync("group");
        await world.ExecuteAsync("checkpoint");
        await SignalAsync("-STOP", (int)(await world.ScalarAsync("select pid from pg_stat_activity where backend_type = 'walwriter'"))!);
        var lost = await world.AddEventsAsync(5);
        var doneThrough = new Parts(world).DoneThrough(group);
        await doneThrough.PassAsync(Cancellation);
        var before = await CheckpointerAsync(world);
        await SignalAsync("-KILL", (int)(await world.ScalarAsync("select pg_backend_pid()"))!);
        await BusWorld.UntilAsync(async () => await CheckpointerAsync(world) is int now && now != (int)before!, () => "the recovery");
        Assert.Equal(0L, await world.ScalarAsync($"select count(*) from {world.Identity.OutboxTable}"));

        // Other work of the same server.
        await world.ExecuteAsync("create table other (id int)");
        for (var i = 0; i < 30; i++)
        {
            await world.ExecuteAsync("insert into other values (1)");
        }

        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var insert = new NpgsqlCommand($"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            values ({world.Identity.Id}, bus.next_position({world.Identity.Id}), gen_random_uuid(), 'test.ping', 'tests', '1', now(), '\x7b7d')
            returning position
            """, connection, transaction);
        var position = (long)(await insert.ExecuteScalarAsync(Cancellation))!;
        await doneThrough.PassAsync(Cancellation);
        await transaction.CommitAsync(Cancellation);

        Assert.InRange(position, 1, lost[^1].Position);
        Assert.InRange(await world.DoneThroughAsync(group), 0, position - 1);
    }

    private static async Task SignalAsync(string signal, int process)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [signal, $"{process}"]);
        await kill.WaitForExitAsync(Cancellation);
    }

    /// <returns>Null while the server does not answer.</returns>
    private static async Task<object?> CheckpointerAsync(BusWorld world)
    {
        try
        {
            world.Postgres.Clear();
            return await world.ScalarAsync("select pid from pg_stat_activity where backend_type = 'checkpointer'");
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }
}
