using FanOut.TestServers.Gates;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Services.Tests.TestServers.Gates;

/// <summary>Writes to a list in Redis and to a table in Postgres by turns, until a call fails.</summary>
/// <param name="redis">A connection that it may share.</param>
/// <param name="connectionString">Of a database with a table <c>written</c>.</param>
/// <param name="name">The list, and its sessions in Postgres.</param>
/// <param name="isTransactional">Whether all rows are written in one transaction, which never ends.</param>
internal sealed class WriterActor(IConnectionMultiplexer redis, string connectionString, string name, bool isTransactional)
    : GatedActor(name, redis, connectionString, gatesPostgres: true)
{
    public Exception? Failure { get; private set; }

    public Task Finished => Ended;

    protected override async Task RunAsync()
    {
        await using var connection = await Postgres.OpenConnectionAsync(Dying);
        await using var transaction = isTransactional ? await connection.BeginTransactionAsync(Dying) : null;
        try
        {
            for (var id = 0; !Dying.IsCancellationRequested; id++)
            {
                await Redis.GetDatabase().ListRightPushAsync(Name, id);
                await using var command = new NpgsqlCommand("insert into written values ($1)", connection, transaction);
                command.Parameters.AddWithValue(id);
                await command.ExecuteNonQueryAsync();
            }
        }
        catch (Exception e) when (e is RedisConnectionException or NpgsqlException)
        {
            Failure = e;
        }
    }
}
