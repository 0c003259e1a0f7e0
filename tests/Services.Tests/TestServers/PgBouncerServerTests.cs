using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.TestServers;

public sealed class PgBouncerServerTests : IAsyncLifetime
{
    private PostgresServer _postgres = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _postgres = await PostgresServer.StartAsync(new() { Password = "hunter2" }, Cancellation);

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();

    [Theory]
    [InlineData(PoolMode.Session, false)]
    [InlineData(PoolMode.Transaction, true)]
    public async Task Two_clients_share_a_session_only_in_transaction_mode(PoolMode mode, bool isShared)
    {
        await using var bouncer = await PgBouncerServer.StartAsync(_postgres, mode, Cancellation);
        await using var one = await OpenAsync(bouncer.ConnectionStringFor("postgres"));
        var session = await ReadAsync(one, "select pg_backend_pid()");
        await using var other = await OpenAsync(bouncer.ConnectionStringFor("postgres"));

        Assert.Equal(isShared, session.Equals(await ReadAsync(other, "select pg_backend_pid()")));
    }

    [Fact]
    public async Task A_client_with_a_wrong_password_is_refused()
    {
        await using var bouncer = await PgBouncerServer.StartAsync(_postgres, PoolMode.Transaction, Cancellation);
        var wrong = bouncer.ConnectionStringFor("postgres").Replace("hunter2", "hunter3", StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(wrong));

        Assert.Equal("08P01", refused.SqlState);
    }

    [Fact]
    public async Task Start_up_options_are_refused_as_its_defaults_say()
    {
        await using var bouncer = await PgBouncerServer.StartAsync(_postgres, PoolMode.Session, Cancellation);

        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => OpenAsync(bouncer.ConnectionStringFor("postgres") + ";Options=-c lock_timeout=1s"));

        Assert.Contains("unsupported startup parameter", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_serves_again_after_a_kill_and_a_restart()
    {
        await using var bouncer = await PgBouncerServer.StartAsync(_postgres, PoolMode.Transaction, Cancellation);
        await using var before = await OpenAsync(bouncer.ConnectionStringFor("postgres"));
        await bouncer.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ReadAsync(before, "select 1"));

        await bouncer.RestartAsync(Cancellation);

        await using var after = await OpenAsync(bouncer.ConnectionStringFor("postgres"));
        Assert.Equal(1, await ReadAsync(after, "select 1"));
    }

    [Fact]
    public async Task A_server_without_a_password_is_refused()
    {
        var open = await PostgresServer.SharedAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => PgBouncerServer.StartAsync(open, PoolMode.Session, Cancellation));
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    private static async Task<object> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(Cancellation))!;
    }
}
