using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.TestServers.Gates;

public sealed class PostgresGateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bulk_copies_in_both_directions_are_calls_too()
    {
        var server = await PostgresServer.SharedAsync();
        await using var database = await server.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var gate = PostgresGate.Start(server.Port, OpenGate());
        await using var postgres = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Port = gate.Port });
        await using var table = postgres.CreateCommand("create table written (id int)");
        await table.ExecuteNonQueryAsync(Cancellation);
        await using var connection = await postgres.OpenConnectionAsync(Cancellation);
        await using (var writer = await connection.BeginBinaryImportAsync("copy written from stdin (format binary)", Cancellation))
        {
            for (var row = 0; row < 100_000; row++)
            {
                await writer.StartRowAsync(Cancellation);
                await writer.WriteAsync(-1, Cancellation);
            }

            await writer.CompleteAsync(Cancellation);
        }

        var rows = 0;
        await using (var reader = await connection.BeginBinaryExportAsync("copy written to stdout (format binary)", Cancellation))
        {
            while (await reader.StartRowAsync(Cancellation) != -1)
            {
                rows++;
                await reader.SkipAsync(Cancellation);
            }
        }

        Assert.Equal(100_000, rows);
    }

    [Fact]
    public async Task A_failed_statement_and_a_cancelled_one_are_answered_and_the_session_goes_on()
    {
        var server = await PostgresServer.SharedAsync();
        await using var gate = PostgresGate.Start(server.Port, OpenGate());
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Port = gate.Port, Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        var session = connection.ProcessID;

        await using var failing = new NpgsqlCommand("select 1 / 0", connection);
        await Assert.ThrowsAsync<PostgresException>(() => failing.ExecuteScalarAsync(Cancellation));
        await using var endless = new NpgsqlCommand("select pg_sleep(600)", connection) { CommandTimeout = 1 };
        await Assert.ThrowsAsync<NpgsqlException>(() => endless.ExecuteScalarAsync(Cancellation));

        await using var next = new NpgsqlCommand("select pg_backend_pid()", connection);
        Assert.Equal(session, await next.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task Through_PgBouncer_a_call_whose_reply_is_lost_was_made()
    {
        await using var server = await PostgresServer.StartAsync(new() { Password = "hunter2" }, Cancellation);
        await using var bouncer = await PgBouncerServer.StartAsync(server, PoolMode.Transaction, Cancellation);
        var calls = new CallGate();
        await using var gate = PostgresGate.Start(bouncer.Port, calls);
        await using var postgres = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(bouncer.ConnectionStringFor("postgres")) { Port = gate.Port });
        await gate.LoadTypesAsync(postgres, Cancellation);
        await using var create = postgres.CreateCommand("create table written (id int)");

        var creating = create.ExecuteNonQueryAsync(Cancellation);
        await calls.StepAsync(CallFate.ReplyLost, creating, TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<NpgsqlException>(() => creating);
        await using var direct = NpgsqlDataSource.Create(server.ConnectionString);
        await using var count = direct.CreateCommand("select count(*) from written");
        Assert.Equal(0L, await count.ExecuteScalarAsync(Cancellation));
    }

    private static CallGate OpenGate()
    {
        var gate = new CallGate();
        gate.Open();
        return gate;
    }
}
