using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.TestServers;

public sealed class PostgresStandbyTests : IAsyncLifetime
{
    private PostgresServer _primary = null!;
    private PostgresStandby _standby = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _primary = await PostgresServer.StartAsync(new() { Password = "hunter2" }, Cancellation);
        await ExecuteAsync(_primary, "create table kept (id int)");
        _standby = await PostgresStandby.StartAsync(_primary, cancellationToken: Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _standby.DisposeAsync();
        await _primary.DisposeAsync();
    }

    [Fact]
    public async Task A_commit_that_the_standby_has_not_received_is_lost_at_promotion()
    {
        await ExecuteAsync(_primary, "insert into kept values (1)");
        await _standby.CatchUpAsync(Cancellation);
        await _standby.PauseReceivingAsync(Cancellation);
        await ExecuteAsync(_primary, "insert into kept values (2)");

        await _primary.KillAsync();
        await _standby.PromoteAsync(Cancellation);

        await ExecuteAsync(_standby, "insert into kept values (3)");
        Assert.Equal([1, 3], await ReadAsync(_standby));
    }

    [Fact]
    public async Task A_standby_that_receives_again_gets_what_it_missed()
    {
        await _standby.PauseReceivingAsync(Cancellation);
        await ExecuteAsync(_primary, "insert into kept values (1)");
        Assert.Empty(await ReadAsync(_standby));

        await _standby.ResumeReceivingAsync(Cancellation);
        await _standby.CatchUpAsync(Cancellation);

        Assert.Equal([1], await ReadAsync(_standby));
    }

    [Fact]
    public async Task A_standby_refuses_writes()
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(_standby, "insert into kept values (1)"));

        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
    }

    [Fact]
    public async Task A_demoted_primary_stays_up_for_readers_in_the_sessions_that_were_open()
    {
        await using var database = await _primary.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var session = NpgsqlDataSource.Create(_primary.ConnectionString + ";Maximum Pool Size=1");
        await ExecuteAsync(session, "insert into kept values (1)");

        await _primary.MakeReadOnlyAsync(Cancellation);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(session, "insert into kept values (2)"));
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        Assert.Equal([1], await ReadAsync(_primary));
    }

    [Fact]
    public async Task A_promoted_standby_creates_databases_beside_those_of_its_primary()
    {
        await using var old = await _primary.CreateDatabaseAsync(cancellationToken: Cancellation);
        await _standby.CatchUpAsync(Cancellation);
        await _standby.PromoteAsync(Cancellation);

        await using var added = await _standby.CreateDatabaseAsync(cancellationToken: Cancellation);

        Assert.NotEqual(old.Name, added.Name);
    }

    [Fact]
    public async Task A_former_primary_comes_back_on_its_port_as_a_standby_of_the_new_one()
    {
        await _standby.PauseReceivingAsync(Cancellation);
        await ExecuteAsync(_primary, "insert into kept values (1)");
        await _standby.PromoteAsync(Cancellation);
        await _primary.StopAsync();

        await using var former = await PostgresStandby.StartAsync(_standby, _primary.Port, Cancellation);
        await ExecuteAsync(_standby, "insert into kept values (2)");
        await former.CatchUpAsync(Cancellation);

        Assert.Equal([2], await ReadAsync(former));
        Assert.Equal(_primary.Port, former.Port);
    }

    private static async Task ExecuteAsync(PostgresServer server, string sql)
    {
        await using var session = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await ExecuteAsync(session, sql);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource session, string sql)
    {
        await using var command = session.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<List<int>> ReadAsync(PostgresServer server)
    {
        await using var session = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await using var command = session.CreateCommand("select coalesce(array_agg(id order by id), '{}') from kept");
        return [.. (int[])(await command.ExecuteScalarAsync(Cancellation))!];
    }
}
