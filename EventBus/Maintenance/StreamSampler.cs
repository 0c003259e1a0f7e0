using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
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
    private readonly ReclaimerOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _trends = new();
    private readonly CapacityTrend _memory = new();
    private readonly CapacityTrend _length = new();
    private readonly MeanRate _rate = new(TimeSpan.Zero);
    private readonly MeanRate _busy = new(TimeSpan.FromMinutes(1));
    private StreamSample? _latest;
    private volatile string? _failure;

    internal StreamSampler(
        StreamName stream,
        StreamCatalog catalog,
        IConnectionMultiplexer redis,
        NpgsqlDataSource postgres,
        ReclaimerOptions options,
        TimeProvider time)
    {
        (_stream, _catalog, _redis, _postgres, _options, _time) = (stream, catalog, redis, postgres, options, time);
    }

    /// <summary>The newest sample that this process has taken; null before the first. <see cref="StreamSample.Time"/> says how old it is.</summary>
    public StreamSample? Latest => Volatile.Read(ref _latest);

    /// <summary>The newest sample, unless it is too old to speak for now.</summary>
    internal StreamSample? Fresh => Latest is { } sample && _time.GetUtcNow() - sample.Time < StaleAfter ? sample : null;

    /// <summary>Ten intervals, at least 15 seconds.</summary>
    internal TimeSpan StaleAfter => TimeSpan.FromSeconds(Math.Max(10 * _options.SampleInterval.TotalSeconds, 15));

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
        var info = await RedisInfo.ReadAsync(redis, "memory", "cpu");
        var ((used, limit), cpu) = (ReadMemory(info), ReadMainThread(info));
        var length = redis.StreamLengthAsync(key);
        var memory = redis.ExecuteAsync("MEMORY", ["USAGE", key]);
        var infos = (await ReadAsync(redis.StreamGroupInfoAsync(key))).ToDictionary(info => info.Name);
        var groups = await Task.WhenAll(known.Select(group => infos.TryGetValue(group.Sample.Group.Value, out var info)
            ? CompleteAsync(redis, group.Sample, group.ReclaimAfter, info)
            : Task.FromResult(group.Sample)));
        var now = _time.GetUtcNow();
        var entries = await length;
        (double PerSecond, TimeSpan Seen) rate, busy;
        TimeSpan? memoryLeft, lengthLeft;
        lock (_trends)
        {
            rate = _rate.Observe(_time.GetElapsedTime(0), published);
            busy = _busy.Observe(_time.GetElapsedTime(0), (long)cpu.GetValueOrDefault().TotalMicroseconds);
            memoryLeft = _memory.Observe(now, used, limit);
            lengthLeft = _length.Observe(now, entries, _options.MaxStreamLength is > 0 and var max ? max : null);
        }

        return new StreamSample
        {
            Stream = _stream,
            Time = now,
            HighestPosition = highest,
            Published = published,
            PublishedRate = rate.Seen > TimeSpan.Zero ? rate.PerSecond : null,
            Length = entries,
            Memory = await MemoryAsync(memory),
            MemoryUsed = used,
            MemoryLimit = limit,
            MemoryLeft = memoryLeft,
            LengthLeft = lengthLeft,
            RedisBusy = cpu is null || busy.Seen == TimeSpan.Zero ? null : Math.Min(busy.PerSecond / 1_000_000, 1),
            Groups = groups,
        };
    }

    private async Task<(long Highest, long Published, List<(GroupSample Sample, TimeSpan ReclaimAfter)> Groups)> ReadPostgresAsync(
        CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        await using var batch = _postgres.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('jit', 'off', true)"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(stream.Sql(StreamSql)).With(stream.Id));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(stream.Sql(GroupsSql)).With(stream.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (highest, published) = (reader.Get<long>("highest_position"), reader.Get<long>("published"));
        await reader.NextResultAsync(cancellationToken);
        var groups = await reader.ReadAllAsync(row => (ReadGroup(row), row.Get<TimeSpan>("reclaim_after")), cancellationToken);
        return (highest, published, groups);
    }

    /// <summary>What Postgres knows of a group.</summary>
    private static GroupSample ReadGroup(NpgsqlDataReader row) => new()
    {
        Group = new GroupName(row.Get<string>("group")),
        Exists = false,
        Lag = row.Get<long>("not_taken") + row.Get<long>("waiting"),
        LagDuration = TimeSpan.FromSeconds(row.Get<double>("age")),
        Pending = 0,
        Waiting = row.Get<long>("waiting"),
        LiveLanes = 0,
        LiveWorkers = row.Get<int>("live_workers"),
        WaitReason = row.Get<string?>("wait_reason"),
        DeadLetters = row.Get<long>("dead"),
        DoneThrough = row.Get<long>("done_through"),
        LastDelivered = null,
        Rate = row.Get<double?>("rate"),
        P50 = DelayBuckets.Percentile(row.Get<long[]?>("delays") ?? [], 0.5),
        P99 = DelayBuckets.Percentile(row.Get<long[]?>("delays") ?? [], 0.99),
        Pause = row.Get<DateTimeOffset?>("paused_at") is { } at ? new GroupPause(at, row.Get<string>("paused_by")) : null,
        Consumers = [],
    };

    /// <summary>Adds what Redis knows of a group.</summary>
    private async Task<GroupSample> CompleteAsync(IDatabase redis, GroupSample group, TimeSpan reclaimAfter, StreamGroupInfo info)
    {
        var consumers = await ReadAsync(redis.StreamConsumerInfoAsync(StreamKeys.Stream(_stream), info.Name));
        var samples = consumers.Select(consumer =>
        {
            var idle = TimeSpan.FromMilliseconds(consumer.IdleTimeInMilliseconds);
            var isLane = !consumer.Name.StartsWith(ReclaimerPrefix, StringComparison.Ordinal);
            return new ConsumerSample(consumer.Name, consumer.PendingMessageCount, idle, isLane && idle < reclaimAfter);
        }).ToArray();
        return group with
        {
            Exists = true,
            Pending = info.PendingMessageCount,
            LiveLanes = samples.Count(consumer => consumer.IsLive),
            LastDelivered = info.LastDeliveredId,
            Consumers = samples,
        };
    }

    /// <summary>The reply, or nothing where the stream or the group is missing: it may go between two questions.</summary>
    internal static async Task<T[]> ReadAsync<T>(Task<T[]> reply)
    {
        try
        {
            return await reply;
        }
        catch (RedisServerException e) when (
            e.Message.StartsWith("NOGROUP", StringComparison.Ordinal) || e.Message.Contains("no such key", StringComparison.Ordinal))
        {
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

    /// <summary>The time that Redis' main thread has used; before Redis 7, of all its threads.</summary>
    private static TimeSpan? ReadMainThread(IReadOnlyDictionary<string, string> info)
    {
        double? Find(string name) => double.TryParse(info.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value) ? value : null;

        var seconds = Find("used_cpu_sys_main_thread") + Find("used_cpu_user_main_thread") ?? Find("used_cpu_sys") + Find("used_cpu_user");
        return seconds is { } known ? TimeSpan.FromSeconds(known) : null;
    }
}
