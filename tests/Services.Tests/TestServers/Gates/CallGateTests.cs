using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.TestServers.Gates;

/// <summary>The same rules hold for calls to Redis and to Postgres.</summary>
public sealed class CallGateTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(100);

    private readonly string _key = RedisServer.UniqueName();
    private ConnectionMultiplexer _redis = null!;
    private PostgresDatabase _database = null!;
    private WriterActor _actor = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _redis = await (await RedisServer.SharedAsync()).ConnectAsync();
        _database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var command = _database.DataSource.CreateCommand("create table written (id int)");
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _actor.DisposeAsync();
        await _database.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task A_call_waits_for_its_turn()
    {
        Start();
        Assert.True(await HasArrivedAsync());
        Assert.Equal((0, 0), await CountAsync());

        Assert.True(await StepAsync(CallFate.Answered));
        Assert.True(await HasArrivedAsync());
        Assert.Equal((1, 0), await CountAsync());

        Assert.True(await StepAsync(CallFate.Answered));
        Assert.True(await HasArrivedAsync());
        Assert.Equal((1, 1), await CountAsync());
    }

    [Theory]
    [InlineData(CallFate.Refused, 0)]
    [InlineData(CallFate.ReplyLost, 1)]
    public async Task A_call_to_Redis_whose_reply_is_lost_was_made_and_a_refused_one_was_not(CallFate fate, int made)
    {
        Start();
        await StepAsync(fate);

        await _actor.Finished;
        Assert.IsType<RedisConnectionException>(_actor.Failure);
        Assert.Equal((made, 0), await CountAsync());
    }

    [Theory]
    [InlineData(CallFate.Refused, 0)]
    [InlineData(CallFate.ReplyLost, 1)]
    public async Task A_call_to_Postgres_whose_reply_is_lost_was_made_and_a_refused_one_was_not(CallFate fate, int made)
    {
        Start();
        await StepAsync(CallFate.Answered);
        await StepAsync(fate);

        await _actor.Finished;
        Assert.IsType<NpgsqlException>(_actor.Failure);
        Assert.Equal((1, made), await CountAsync());
    }

    [Fact]
    public async Task An_actor_killed_behind_a_call_has_made_it_and_makes_no_other()
    {
        Start();
        Assert.True(await HasArrivedAsync());

        await _actor.KillAsync(afterCall: true);

        await _actor.Finished;
        Assert.Equal((1, 0), await CountAsync());
    }

    [Fact]
    public async Task A_killed_actor_loses_what_it_has_not_committed_and_holds_no_locks()
    {
        Start(isTransactional: true);
        await StepAsync(CallFate.Answered);
        await StepAsync(CallFate.Answered);
        Assert.True(await HasArrivedAsync());

        await _actor.KillAsync(afterCall: false);

        await _actor.Finished;
        Assert.Equal((1, 0), await CountAsync());
        await ReadAsync("truncate written");
    }

    [Fact]
    public async Task A_call_that_waits_for_a_lock_does_not_hold_up_the_schedule()
    {
        await using var holder = await _database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await holder.BeginTransactionAsync(Cancellation);
        await using var holding = new NpgsqlCommand("lock table written", holder, transaction);
        await holding.ExecuteNonQueryAsync(Cancellation);
        Start();
        await StepAsync(CallFate.Answered);

        Assert.True(await HasArrivedAsync());
        Assert.True(await _actor.Gate.StepAsync(CallFate.Answered, _actor.Finished, Silence));
        Assert.False(await _actor.Gate.HasArrivedAsync(_actor.Finished, Silence));

        await transaction.RollbackAsync(Cancellation);
        Assert.True(await HasArrivedAsync());
        Assert.Equal((1, 1), await CountAsync());
    }

    private void Start(bool isTransactional = false)
    {
        _actor = new WriterActor(_redis, _database.ConnectionString, _key, isTransactional);
        _actor.Start();
    }

    private Task<bool> HasArrivedAsync() => _actor.Gate.HasArrivedAsync(_actor.Finished, Patience);

    private Task<bool> StepAsync(CallFate fate) => _actor.Gate.StepAsync(fate, _actor.Finished, Patience);

    /// <summary>What has been written to Redis and to Postgres.</summary>
    private async Task<(int Redis, int Postgres)> CountAsync() =>
        ((int)await _redis.GetDatabase().ListLengthAsync(_key), (int)(long)(await ReadAsync("select count(*) from written where id >= 0"))!);

    private async Task<object?> ReadAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancellation);
    }
}
