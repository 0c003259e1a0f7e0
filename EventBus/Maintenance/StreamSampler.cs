using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Redis;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>Measures how a stream and its groups stand. Reads only; any number of processes may do it.</summary>
public sealed class StreamSampler
{
    /// <summary>How the names of consumers begin that are reclaimers', not lanes'.</summary>
    internal const string ReclaimerPrefix = "reclaimer-";

    private static readonly string StreamSql = EmbeddedText.Read("Maintenance.sample_stream.sql");
    private static readonly string GroupsSql = EmbeddedText.Read("Maintenance.sample_groups.sql");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly IConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _postgres;
    private readonly long? _maxLength;
    private readonly TimeProvider _time;
    private readonly Lock _trends = new();
    private readonly CapacityTrend _memory = new();
    private readonly CapacityTrend _length = new();
    private StreamSample? _latest;
    private volatile string? _failure;

    internal StreamSampler(
        StreamName stream, StreamCatalog catalog, IConnectionMultiplexer redis, NpgsqlDataSource postgres, SamplingOptions options, TimeProvider time)
    {
        (_stream, _catalog, _redis, _postgres, _time) = (stream, catalog, redis, postgres, time);
        _maxLength = options.MaxStreamLength > 0 ? options.MaxStreamLength : null;
    }

    /// <summary>The newest sample that this process has taken; null before the first. <see cref="StreamSample.Time"/> says how old it is.</summary>
    public StreamSample? Latest => Volatile.Read(ref _latest);

    /// <summary>Why the last sample could not be taken; null where it was.</summary>
    internal string? Failure => _failure;

    /// <summary>Takes a sample.</summary>
    /// <param name="cancellationToken">Ends the wait for Postgres.</param>
    /// <returns>The sample, which is also <see cref="Latest"/> from then on.</returns>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="RedisTimeoutException">Redis does not answer in time.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamSample> SampleAsync(CancellationToken cancellationToken)
    {
        try
        {
            var sample = await ReadAsync(cancellationToken);
            Volatile.Write(ref _latest, sample);
            _failure = null;
            return sample;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _failure = EnvironmentFault.Describe(e);
            throw;
        }
    }

    private async Task<StreamSample> ReadAsync(CancellationToken cancellationToken)
    {
        var (highest, published, known) = await ReadPostgresAsync(cancellationToken);
        var (redis, key) = (_redis.GetDatabase(), StreamKeys.Stream(_stream));
        var (used, limit) = ReadMemory(await RedisInfo.ReadAsync(redis, "memory"));
        var length = redis.StreamLengthAsync(key);
        var memory = redis.ExecuteAsync("MEMORY", ["USAGE", key]);
        var groups = (await ReadGroupsAsync(redis, key)).ToDictionary(group => group.Name);
        var consumers = known.Where(group => groups.ContainsKey(group.Name.Value)).ToDictionary(
            group => group.Name, group => ReadConsumersAsync(redis, key, group));
        await Task.WhenAll(consumers.Values);
        var now = _time.GetUtcNow();
        var entries = await length;
        var rate = Latest is { } last && now > last.Time && published >= last.Published
            ? (published - last.Published) / (now - last.Time).TotalSeconds
            : (double?)null;
        TimeSpan? memoryLeft, lengthLeft;
        lock (_trends)
        {
            memoryLeft = _memory.Observe(now, used, limit);
            lengthLeft = _length.Observe(now, entries, _maxLength);
        }

        return new StreamSample
        {
            Stream = _stream,
            Time = now,
            HighestPosition = highest,
            Published = published,
            PublishedRate = rate,
            Length = entries,
            Memory = await MemoryAsync(memory),
            MemoryUsed = used,
            MemoryLimit = limit,
            MemoryLeft = memoryLeft,
            LengthLeft = lengthLeft,
            Groups = [.. known.Select(group => ToSample(
                group,
                groups.TryGetValue(group.Name.Value, out var found) ? found : null,
                consumers.TryGetValue(group.Name, out var its) ? its.Result : []))],
        };
    }

    private async Task<(long Highest, long Published, List<GroupRow> Groups)> ReadPostgresAsync(CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        await using var batch = _postgres.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('jit', 'off', true)"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(stream.Sql(StreamSql)) { Parameters = { new() { Value = stream.Id } } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(stream.Sql(GroupsSql)) { Parameters = { new() { Value = stream.Id } } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (highest, published) = (reader.Get<long>("highest_position"), reader.Get<long>("published"));
        await reader.NextResultAsync(cancellationToken);
        var groups = new List<GroupRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            groups.Add(new GroupRow(
                new GroupName(reader.Get<string>("group")),
                reader.Get<TimeSpan>("reclaim_after"),
                reader.Get<long>("done_through"),
                reader.Get<long>("not_taken"),
                TimeSpan.FromSeconds(reader.Get<double>("age")),
                reader.Get<long>("waiting"),
                reader.Get<long>("dead")));
        }

        return (highest, published, groups);
    }

    private static async Task<StreamGroupInfo[]> ReadGroupsAsync(IDatabase redis, RedisKey key)
    {
        try
        {
            return await redis.StreamGroupInfoAsync(key);
        }
        catch (RedisServerException e) when (e.Message.Contains("no such key", StringComparison.Ordinal))
        {
            return [];
        }
    }

    private static async Task<ConsumerSample[]> ReadConsumersAsync(IDatabase redis, RedisKey key, GroupRow group)
    {
        try
        {
            return [.. (await redis.StreamConsumerInfoAsync(key, group.Name.Value)).Select(consumer =>
            {
                var idle = TimeSpan.FromMilliseconds(consumer.IdleTimeInMilliseconds);
                var isLane = !consumer.Name.StartsWith(ReclaimerPrefix, StringComparison.Ordinal);
                return new ConsumerSample(consumer.Name, consumer.PendingMessageCount, idle, isLane && idle < group.ReclaimAfter);
            })];
        }
        catch (RedisServerException e) when (
            e.Message.StartsWith("NOGROUP", StringComparison.Ordinal) || e.Message.Contains("no such key", StringComparison.Ordinal))
        {
            // It went between the two questions.
            return [];
        }
    }

    private static async Task<long?> MemoryAsync(Task<RedisResult> memory)
    {
        try
        {
            return (long?)await memory;
        }
        catch (RedisServerException)
        {
            // Some hosted servers refuse the command. It is only for people to see.
            return null;
        }
    }

    private static (long Used, long? Limit) ReadMemory(IReadOnlyDictionary<string, string> info)
    {
        long Find(string name) => long.TryParse(info.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value) ? value : 0;

        return (Find("used_memory"), Find("maxmemory") is > 0 and var limit ? limit : null);
    }

    private GroupSample ToSample(GroupRow group, StreamGroupInfo? found, ConsumerSample[] consumers) => new()
    {
        Stream = _stream,
        Group = group.Name,
        Exists = found is not null,
        Lag = group.NotTaken + group.Waiting,
        LagDuration = group.Age,
        Pending = found?.PendingMessageCount ?? 0,
        Waiting = group.Waiting,
        LiveLanes = consumers.Count(consumer => consumer.IsLive),
        DeadLetters = group.Dead,
        DoneThrough = group.DoneThrough,
        LastDelivered = found?.LastDeliveredId,
        Consumers = consumers,
    };

    private sealed record GroupRow(
        GroupName Name, TimeSpan ReclaimAfter, long DoneThrough, long NotTaken, TimeSpan Age, long Waiting, long Dead);
}
