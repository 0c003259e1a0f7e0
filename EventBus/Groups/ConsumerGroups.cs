using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Groups;

/// <summary>
/// Consumer groups: registered in Postgres, which knows how far each has got, and created from there in Redis, which may lose them.
/// </summary>
internal sealed class ConsumerGroups(IConnectionMultiplexer redis, NpgsqlDataSource postgres, TimeProvider time)
{
    private static readonly TimeSpan HorizonInterval = TimeSpan.FromMilliseconds(100);
    private static readonly string RegisterSql = EmbeddedText.Read("Groups.register_group.sql");
    private static readonly string LoadSql = EmbeddedText.Read("Groups.load_groups.sql");
    private static readonly string SubscribeSql = EmbeddedText.Read("Groups.subscribe.sql");
    private static readonly string PauseSql = EmbeddedText.Read("Groups.pause_group.sql");
    private static readonly string ResumeSql = EmbeddedText.Read("Groups.resume_group.sql");
    private static readonly string UnregisterSql = EmbeddedText.Read("Groups.unregister_group.sql");

    public NpgsqlDataSource Postgres => postgres;

    /// <summary>
    /// Registers a group once; later calls only bring its settings up to date. A group that starts now waits for the transactions that are open, and
    /// calls <paramref name="waiting"/> meanwhile.
    /// </summary>
    public async Task<RegisteredGroup> RegisterAsync(
        StreamIdentity stream,
        GroupName group,
        GroupStart start,
        int maxDeliveries,
        TimeSpan reclaimAfter,
        Action waiting,
        CancellationToken cancellationToken)
    {
        var isKnown = (await LoadAsync(stream, cancellationToken)).Any(known => known.Name == group);
        var after = start == GroupStart.Now && !isKnown ? await FindDecidedEndAsync(stream, waiting, cancellationToken) : 0;
        object[] values = [stream.Id, group.Value, start == GroupStart.Now ? "now" : "earliest", after, maxDeliveries, reclaimAfter];
        await postgres.ExecuteAsync(RegisterSql, values, cancellationToken);
        return (await LoadAsync(stream, cancellationToken)).Single(known => known.Name == group);
    }

    /// <summary>All registered groups of a stream.</summary>
    public async Task<IReadOnlyList<RegisteredGroup>> LoadAsync(StreamIdentity stream, CancellationToken cancellationToken) =>
        await postgres.QueryAsync(
            LoadSql,
            [stream.Id],
            row => new RegisteredGroup
            {
                Id = row.Get<int>("id"),
                Stream = stream,
                Name = new GroupName(row.Get<string>("name")),
                MaxDeliveries = row.Get<int>("max_deliveries"),
                ReclaimAfter = row.Get<TimeSpan>("reclaim_after"),
                DoneThrough = row.Get<long>("done_through"),
            },
            cancellationToken);

    /// <summary>Says which types the group's workers handle. It counts for an hour: workers repeat it every ten seconds.</summary>
    public Task SubscribeAsync(RegisteredGroup group, string[] types, CancellationToken cancellationToken) =>
        postgres.ExecuteAsync(SubscribeSql, [group.Id, types], cancellationToken);

    /// <summary>Creates the group in Redis at the stream's beginning where it is missing: the inbox skips what was taken.</summary>
    public async Task CreateInRedisAsync(RegisteredGroup group)
    {
        try
        {
            await redis.GetDatabase().StreamCreateConsumerGroupAsync(
                StreamKeys.Stream(group.Stream.Name), group.Name.Value, StreamPosition.Beginning, createStream: true);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // It is there.
        }
    }

    /// <returns>Since when and by whom the group is paused; null where it is not registered.</returns>
    public async Task<(DateTimeOffset At, string By)?> PauseAsync(
        StreamIdentity stream, GroupName group, string by, CancellationToken cancellationToken)
    {
        var paused = await postgres.QueryAsync(
            PauseSql,
            [stream.Id, group.Value, by],
            row => (row.Get<DateTimeOffset>("paused_at"), row.Get<string>("paused_by")),
            cancellationToken);
        return paused is [var pause] ? pause : null;
    }

    /// <returns>Whether the group is registered.</returns>
    public async Task<bool> ResumeAsync(StreamIdentity stream, GroupName group, CancellationToken cancellationToken) =>
        await postgres.ExecuteAsync(ResumeSql, [stream.Id, group.Value], cancellationToken) > 0;

    /// <summary>Removes a group with all that it knows, in Postgres and in Redis. Its workers must not run.</summary>
    /// <returns>Whether there was such a group.</returns>
    public async Task<bool> UnregisterAsync(StreamIdentity stream, GroupName group, CancellationToken cancellationToken)
    {
        var wasRegistered = await postgres.ScalarAsync(UnregisterSql, [stream.Id, group.Value], cancellationToken) is not null;
        try
        {
            await redis.GetDatabase().StreamDeleteConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Value);
        }
        catch (RedisServerException e) when (e.Message.Contains("requires the key to exist", StringComparison.OrdinalIgnoreCase))
        {
            // Neither is the stream.
        }

        await redis.GetDatabase().KeyDeleteAsync(StreamKeys.DeadLetters(stream.Name, group));
        return wasRegistered;
    }

    /// <summary>The highest position, once everything below it is decided.</summary>
    private async Task<long> FindDecidedEndAsync(StreamIdentity stream, Action waiting, CancellationToken cancellationToken)
    {
        while (true)
        {
            var horizon = await Horizon.DrawAsync(stream, postgres, cancellationToken);
            bool? isDecided;
            while ((isDecided = await horizon.IsDecidedAsync(postgres, cancellationToken)) == false)
            {
                waiting();
                await Task.Delay(HorizonInterval, time, cancellationToken);
            }

            if (isDecided == true)
            {
                return horizon.Position;
            }
        }
    }
}
