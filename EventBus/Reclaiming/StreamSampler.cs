using System.Globalization;
using System.Text;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retention;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Measures how the stream and its groups stand. Reads only; any number of processes may do it.</summary>
public sealed class StreamSampler
{
    private const int MostCounted = 1_000;
    private static readonly EmbeddedScript SampleScript = new("Reclaiming.sample_group.lua");
    private static readonly string DeadLettersSql = EmbeddedText.Read("Reclaiming.count_dead_letters.sql");
    private static readonly string HasOutboxSql = EmbeddedText.Read("Reclaiming.has_outbox.sql");
    private static readonly string OrdinalsSql = EmbeddedText.Read("Reclaiming.find_ordinals.sql");

    private readonly IConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _postgres;
    private readonly RegisteredGroups _registered;
    private readonly IOptions<EventBusOptions> _options;
    private readonly RetentionOptions _retention;
    private readonly TimeProvider _time;
    private readonly Lock _trends = new();
    private readonly CapacityTrend _memory = new();
    private readonly CapacityTrend _length = new();
    private StreamSample? _latest;

    internal StreamSampler(IConnectionMultiplexer redis, NpgsqlDataSource postgres, RegisteredGroups registered, IOptions<EventBusOptions> options, IOptions<RetentionOptions> retention, TimeProvider time)
    {
        _redis = redis;
        _postgres = postgres;
        _registered = registered;
        _options = options;
        _retention = retention.Value;
        _time = time;
    }

    /// <summary>The newest sample that this process has taken; null before the first. <see cref="StreamSample.Time"/> says how old it is.</summary>
    public StreamSample? Latest => Volatile.Read(ref _latest);

    /// <summary>Takes a sample.</summary>
    /// <param name="cancellationToken">Ends the wait for Postgres.</param>
    /// <returns>The sample, which is also <see cref="Latest"/> from then on.</returns>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="RedisTimeoutException">Redis does not answer in time.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamSample> SampleAsync(CancellationToken cancellationToken)
    {
        var stream = new StreamName(_options.Value.Stream);
        var groups = await _registered.FindAsync(stream, cancellationToken);
        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        var deadLetters = await CountDeadLettersAsync(connection, stream, cancellationToken);
        var hasOutbox = await HasOutboxAsync(connection, stream, cancellationToken);

        var redis = _redis.GetDatabase();
        var memory = RedisInfo.ReadAsync(redis, "memory");
        var length = redis.StreamLengthAsync(StreamKeys.Stream(stream));
        var readings = (await Task.WhenAll(groups.Select(group => TryReadAsync(redis, group, hasOutbox)))).OfType<Reading>().ToArray();
        var (used, limit) = ReadMemory(await memory);
        if (hasOutbox)
        {
            await CountByOutboxAsync(connection, readings, cancellationToken);
        }

        var now = _time.GetUtcNow();
        var entries = await length;
        TimeSpan? memoryLeft, lengthLeft;
        lock (_trends)
        {
            memoryLeft = _memory.Observe(now, used, limit > 0 ? limit : null);
            lengthLeft = _length.Observe(now, entries, _retention.MaxEntries > 0 ? _retention.MaxEntries : null);
        }

        var sample = new StreamSample
        {
            Stream = stream,
            Time = now,
            Length = entries,
            LastEntry = readings.Select(reading => reading.LastId).FirstOrDefault(id => id.Length > 0),
            MemoryUsed = used,
            MemoryLimit = limit > 0 ? limit : null,
            MemoryLeft = memoryLeft,
            LengthLeft = lengthLeft,
            Groups = [.. readings.Select(reading => reading.ToSample(deadLetters.GetValueOrDefault(reading.Group.Name.Value)))],
        };
        Volatile.Write(ref _latest, sample);
        return sample;
    }

    private static async Task<Reading?> TryReadAsync(IDatabase redis, RegisteredGroup group, bool hasOutbox)
    {
        try
        {
            var reply = await SampleScript.RunAsync(
                redis,
                [group.StreamKey, group.RedriveKey, group.LanesKey],
                [group.Name.Value, (long)group.LaneTimeout.TotalMilliseconds, StreamKeys.ParkedConsumer, hasOutbox ? 0 : MostCounted]);
            return new(group, (RedisResult[])reply!);
        }
        catch (RedisServerException e) when (e.Message.Contains("WRONGTYPE", StringComparison.Ordinal))
        {
            // Somebody keeps something else under one of the group's keys: the reclaimer's steps say so, and the other groups are still to be seen.
            return null;
        }
    }

    private static async Task<Dictionary<string, long>> CountDeadLettersAsync(NpgsqlConnection connection, StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(DeadLettersSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var counts = new Dictionary<string, long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            counts[reader.GetString(0)] = reader.GetInt64(1);
        }

        return counts;
    }

    private static async Task<bool> HasOutboxAsync(NpgsqlConnection connection, StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(HasOutboxSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The lag of each group: how many events the outbox published after what the group was delivered last, up to what the stream has.</summary>
    private static async Task CountByOutboxAsync(NpgsqlConnection connection, Reading[] readings, CancellationToken cancellationToken)
    {
        var ids = readings.SelectMany(reading => new[] { ToInt64(reading.LastId, default), ToInt64(reading.LastDelivered, reading.Group.Checkpoint) }).ToArray();
        await using var command = new NpgsqlCommand(OrdinalsSql, connection);
        command.Parameters.AddWithValue(ids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        foreach (var reading in readings)
        {
            await reader.ReadAsync(cancellationToken);
            var published = reader.GetInt64(0);
            await reader.ReadAsync(cancellationToken);
            reading.Undelivered = Math.Max(0, published - reader.GetInt64(0));
        }
    }

    // An id too large to be an event's lies behind all that are.
    private static long ToInt64(string id, EntryId otherwise)
        => id.Length == 0 ? otherwise.Value : EntryId.TryParse(Encoding.ASCII.GetBytes(id), out var entry) ? entry.Value : long.MaxValue;

    private static (long Used, long Limit) ReadMemory(IReadOnlyDictionary<string, string> info)
    {
        long Find(string name) => long.TryParse(info.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value) ? value : 0;

        return (Find("used_memory"), Find("maxmemory"));
    }

    private sealed class Reading
    {
        private readonly DateTimeOffset _now;
        private readonly bool _isLowerBound;
        private readonly string _firstUndelivered;
        private readonly long _redriven;
        private readonly int _liveLanes;
        private readonly long _parked;
        private readonly List<ConsumerSample> _consumers = [];

        public Reading(RegisteredGroup group, RedisResult[] reply)
        {
            Group = group;
            _now = DateTimeOffset.FromUnixTimeMilliseconds((long)reply[0]);
            LastId = reply[2].ToString() ?? "";
            LastDelivered = reply[3].ToString() ?? "";
            Undelivered = Math.Max(0, (long)reply[4]);
            _isLowerBound = (int)reply[5] == 1;
            _firstUndelivered = reply[6].ToString() ?? "";
            _redriven = (long)reply[7];
            _liveLanes = (int)reply[8];
            _parked = (long)reply[9];
            foreach (var consumer in reply.AsSpan(10).ToArray().Chunk(4))
            {
                _consumers.Add(new(consumer[0].ToString() ?? "", (long)consumer[1], TimeSpan.FromMilliseconds((long)consumer[2]), (int)consumer[3] == 1));
            }
        }

        public RegisteredGroup Group { get; }

        public string LastId { get; }

        public string LastDelivered { get; }

        public long Undelivered { get; set; }

        public GroupSample ToSample(long deadLetters) => new()
        {
            Stream = Group.Stream,
            Group = Group.Name,
            Exists = LastDelivered.Length > 0,
            Lag = Undelivered + _redriven,
            LagIsLowerBound = _isLowerBound,
            LagDuration = Age(),
            Pending = _consumers.Sum(consumer => consumer.Pending) - _parked,
            Parked = _parked,
            LiveLanes = _liveLanes,
            DeadLetters = deadLetters,
            Checkpoint = Group.Checkpoint,
            LastDelivered = LastDelivered.Length > 0 ? LastDelivered : null,
            Consumers = _consumers,
        };

        private TimeSpan Age()
        {
            if (!EntryId.TryParse(Encoding.ASCII.GetBytes(_firstUndelivered), out var first))
            {
                return TimeSpan.Zero;
            }

            var age = _now - DateTimeOffset.FromUnixTimeMilliseconds(first.Milliseconds);
            return age > TimeSpan.Zero ? age : TimeSpan.Zero;
        }
    }
}
