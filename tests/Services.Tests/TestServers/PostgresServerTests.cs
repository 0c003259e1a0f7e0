using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.TestServers;

public sealed class PostgresServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_template_is_prepared_once_and_copied_for_each_database()
    {
        var server = await PostgresServer.SharedAsync();
        var prepared = 0;
        async Task PrepareAsync(string connectionString, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref prepared);

            // Not disposed: its pooled session must not keep the template from being copied.
            var dataSource = NpgsqlDataSource.Create(connectionString);
            await using var command = dataSource.CreateCommand("create table thing (id int); insert into thing values (42)");
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            await server.UseTemplateAsync("things", PrepareAsync, Cancellation);
            return await server.CreateDatabaseAsync("things", Cancellation);
        }));

        Assert.Equal(1, prepared);
        Assert.Equal(4, databases.Select(database => database.Name).Distinct().Count());
        foreach (var database in databases)
        {
            await using (database)
            {
                await using var command = database.DataSource.CreateCommand("select id from thing");
                Assert.Equal(42, await command.ExecuteScalarAsync(Cancellation));
            }
        }
    }

    [Fact]
    public async Task Committed_rows_survive_a_kill()
    {
        await using var server = await PostgresServer.StartAsync(new() { Fsync = true }, Cancellation);
        await using var database = await server.CreateDatabaseAsync(cancellationToken: Cancellation);
        await ExecuteAsync(database, "create table kept (id int); insert into kept values (1)");

        await server.KillAsync();
        Assert.False(server.IsRunning);
        await server.RestartAsync(Cancellation);

        NpgsqlConnection.ClearAllPools();
        await using var command = new NpgsqlCommand("select count(*) from kept", await OpenAsync(database));
        Assert.Equal(1L, await command.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task A_paused_cluster_does_not_answer_until_it_is_resumed()
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await server.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var connection = await OpenAsync(database);
        await server.PauseAsync();
        await using var command = new NpgsqlCommand("select 1", connection);
        var answer = command.ExecuteScalarAsync(Cancellation);

        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Cancellation)));

        server.Resume();
        Assert.Equal(1, await answer);
    }

    [Fact]
    public async Task A_cluster_that_cannot_start_reports_the_reason()
    {
        var failure = await Assert.ThrowsAsync<TestServerException>(
            () => PostgresServer.StartAsync(new() { Settings = new Dictionary<string, string> { ["no_such_setting"] = "1" } }, Cancellation));

        Assert.Contains("no_such_setting", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_with_open_sessions_can_be_dropped()
    {
        var server = await PostgresServer.SharedAsync();
        var database = await server.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var held = await OpenAsync(database);

        await database.DisposeAsync();

        await using var maintenance = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = maintenance.CreateCommand($"select count(*) from pg_database where datname = '{database.Name}'");
        Assert.Equal(0L, await command.ExecuteScalarAsync(Cancellation));
    }

    private static async Task<NpgsqlConnection> OpenAsync(PostgresDatabase database)
    {
        var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    private static async Task ExecuteAsync(PostgresDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
