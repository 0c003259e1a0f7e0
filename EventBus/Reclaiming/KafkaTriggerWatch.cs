using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Measures for the <see cref="KafkaTrigger"/>, keeps the hours' highest values in Postgres, and shows the outcome as metrics. Any number of replicas may run: each measures the same.</summary>
internal sealed partial class KafkaTriggerWatch : BackgroundService
{
    private static readonly string PublishedSql = EmbeddedText.Read("Reclaiming.count_published.sql");
    private static readonly string HasOutboxSql = EmbeddedText.Read("Reclaiming.has_outbox.sql");
    private static readonly string KeepSql = EmbeddedText.Read("Reclaiming.keep_kafka_hour.sql");
    private static readonly string LoadSql = EmbeddedText.Read("Reclaiming.load_kafka_days.sql");
    private readonly KafkaTrigger _trigger;
    private readonly RegisteredGroups _registered;
    private readonly StreamSampler _sampler;
    private readonly IConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _postgres;
    private readonly KafkaTriggerOptions _options;
    private readonly StreamName _stream;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _wasDue;

    public KafkaTriggerWatch(
        KafkaTrigger trigger,
        RegisteredGroups registered,
        StreamSampler sampler,
        IConnectionMultiplexer redis,
        NpgsqlDataSource postgres,
        IOptions<KafkaTriggerOptions> options,
        IOptions<EventBusOptions> busOptions,
        EventBusMetrics metrics,
        TimeProvider time,
        ILogger<KafkaTriggerWatch> logger)
    {
        (_trigger, _registered, _sampler, _redis, _postgres, _time, _logger) = (trigger, registered, sampler, redis, postgres, time, logger);
        _options = options.Value;
        _stream = new StreamName(busOptions.Value.Stream);
        metrics.Meter.CreateObservableGauge("fanout.kafka.trigger.used", () => Observe(criterion => criterion.Value / criterion.Limit), "1", "How much of a criterion's limit is used; above 1 it is time to move to Kafka.");
        metrics.Meter.CreateObservableGauge("fanout.kafka.trigger.days_left", () => Observe(criterion => criterion.DaysLeft), "d", "Days until the trend reaches a criterion's limit; absent where it does not.");
        metrics.Meter.CreateObservableGauge("fanout.kafka.trigger.due", () => Observe(criterion => criterion.IsOver ? 1 : 0), "1", "1 where a criterion says that it is time to move to Kafka, 0 otherwise.");
    }

    /// <summary>Measures and evaluates once.</summary>
    public async Task<KafkaTriggerEvaluation> EvaluateAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var groups = await _registered.FindAsync(_stream, cancellationToken);
        var reading = new KafkaTriggerReading(now, await CountPublishedAsync(cancellationToken), await FindRetentionAsync(groups), groups.Count);
        var (evaluation, rate) = _trigger.Observe(reading, await LoadDaysAsync(now, cancellationToken));
        await using var keep = _postgres.CreateCommand(KeepSql);
        keep.Parameters.AddWithValue(_stream.Value);
        keep.Parameters.AddWithValue(now);
        keep.Parameters.Add(new() { Value = rate ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double });
        keep.Parameters.AddWithValue(reading.Retention);
        keep.Parameters.AddWithValue(reading.Groups);
        keep.Parameters.AddWithValue(now - _options.TrendWindow - TimeSpan.FromDays(1));
        await keep.ExecuteNonQueryAsync(cancellationToken);
        if (evaluation.IsDue != _wasDue)
        {
            _wasDue = evaluation.IsDue;
            Log.Changed(_logger, _stream, evaluation.Note);
        }

        return evaluation;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var untraced = new Activity("kafka-trigger") { ActivityTraceFlags = ActivityTraceFlags.None }.Start();
        var isFailing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await EvaluateAsync(stoppingToken);
                isFailing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                if (!isFailing)
                {
                    Log.Failed(_logger, _stream, Fault.Describe(e));
                }

                isFailing = true;
            }

            await Task.Delay(_options.Interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> CountPublishedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        await using var hasOutbox = new NpgsqlCommand(HasOutboxSql, connection) { Parameters = { new() { Value = _stream.Value } } };
        if (await hasOutbox.ExecuteScalarAsync(cancellationToken) is true)
        {
            await using var count = new NpgsqlCommand(PublishedSql, connection);
            return (long?)await count.ExecuteScalarAsync(cancellationToken) ?? 0;
        }

        // Every write counts, also of what was trimmed since (https://redis.io/docs/latest/commands/xinfo-stream/).
        var key = StreamKeys.Stream(_stream);
        if (!await _redis.GetDatabase().KeyExistsAsync(key))
        {
            return 0;
        }

        var info = await _redis.GetDatabase().ExecuteAsync("XINFO", "STREAM", key);
        for (var i = 0; i + 1 < info.Length; i += 2)
        {
            if (info[i].ToString() == "entries-added")
            {
                return (long)info[i + 1];
            }
        }

        return 0;
    }

    /// <summary>The age of the oldest event that some group has not finished, or what the options ask for, whichever is more.</summary>
    private async Task<TimeSpan> FindRetentionAsync(IReadOnlyList<RegisteredGroup> groups)
    {
        var need = _options.RetentionNeed;
        foreach (var lag in _sampler.Latest?.Groups.Select(group => group.LagDuration) ?? [])
        {
            need = lag > need ? lag : need;
        }

        var now = _time.GetUtcNow();
        foreach (var group in groups)
        {
            try
            {
                var lowest = (await _redis.GetDatabase().StreamPendingAsync(group.StreamKey, group.Name.Value)).LowestPendingMessageId;
                if (EntryId.TryParse(Encoding.ASCII.GetBytes(lowest.ToString()), out var entry) && now - DateTimeOffset.FromUnixTimeMilliseconds(entry.Milliseconds) is var age && age > need)
                {
                    need = age;
                }
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
            {
                // Missing in Redis: nothing of it is pending there.
            }
        }

        return need;
    }

    private async Task<List<KafkaTriggerDay>> LoadDaysAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = _postgres.CreateCommand(LoadSql);
        command.Parameters.AddWithValue(_stream.Value);
        command.Parameters.AddWithValue(now - _options.TrendWindow);
        command.Parameters.AddWithValue(now);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<KafkaTriggerDay>();
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(new(reader.GetFieldValue<DateTimeOffset>(0), reader.IsDBNull(1) ? null : reader.GetDouble(1), TimeSpan.FromSeconds(reader.GetDouble(2)), reader.GetInt32(3)));
        }

        return days;
    }

    private IEnumerable<Measurement<double>> Observe(Func<KafkaTriggerCriterion, double?> value)
    {
        foreach (var criterion in _trigger.Latest?.Criteria ?? [])
        {
            if (value(criterion) is { } number)
            {
                yield return new(number, new TagList { { "messaging.system", "redis" }, { "messaging.destination.name", _stream.Value }, { "fanout.kafka.criterion", criterion.Name } });
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(541, LogLevel.Warning, "Stream '{Stream}': {Note}")]
        public static partial void Changed(ILogger logger, StreamName stream, string note);

        [LoggerMessage(542, LogLevel.Warning, "The Kafka trigger of stream '{Stream}' can't be evaluated now, and is tried again: {Reason}")]
        public static partial void Failed(ILogger logger, StreamName stream, string reason);
    }
}
