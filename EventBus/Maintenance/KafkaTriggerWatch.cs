using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Evaluates the <see cref="KafkaTrigger"/> of a stream, keeps the hours' highest values in Postgres, and shows the outcome as metrics. Any number of
/// replicas may run it: each measures the same.
/// </summary>
internal sealed partial class KafkaTriggerWatch
{
    private static readonly string KeepSql = EmbeddedText.Read("Maintenance.keep_kafka_hour.sql");
    private static readonly string LoadSql = EmbeddedText.Read("Maintenance.load_kafka_days.sql");
    private readonly KafkaTrigger _trigger;
    private readonly KafkaTriggerOptions _options;
    private readonly NpgsqlDataSource _postgres;
    private readonly StreamName _stream;
    private readonly ILogger _logger;
    private bool _wasDue;

    public KafkaTriggerWatch(
        StreamName stream,
        KafkaTrigger trigger,
        KafkaTriggerOptions options,
        NpgsqlDataSource postgres,
        EventBusMetrics metrics,
        ILogger<KafkaTriggerWatch> logger)
    {
        (_stream, _trigger, _options, _postgres, _logger) = (stream, trigger, options, postgres, logger);
        metrics.Meter.CreateObservableGauge(
            "fanout.kafka.trigger.used",
            () => Observe(criterion => criterion.Value / criterion.Limit),
            "1",
            "How much of a criterion's limit is used; above 1 it is time to move to Kafka.");
        metrics.Meter.CreateObservableGauge(
            "fanout.kafka.trigger.days_left",
            () => Observe(criterion => criterion.DaysLeft),
            "d",
            "Days until the trend reaches a criterion's limit; absent where it does not.");
        metrics.Meter.CreateObservableGauge(
            "fanout.kafka.trigger.due",
            () => Observe(criterion => criterion.IsOver ? 1 : 0),
            "1",
            "1 where a criterion says that it is time to move to Kafka, 0 otherwise.");
    }

    /// <summary>Evaluates once, by a sample that was just taken.</summary>
    public async Task<KafkaTriggerEvaluation> RunOnceAsync(StreamIdentity stream, StreamSample sample, CancellationToken cancellationToken)
    {
        var now = sample.Time;
        var retention = sample.Groups.Select(group => group.LagDuration).Append(_options.RetentionNeed).Max();
        var reading = new KafkaTriggerReading(now, sample.Published, retention, sample.Groups.Count);
        var (evaluation, rate) = _trigger.Observe(reading, await LoadDaysAsync(stream, now, cancellationToken));
        await using var keep = _postgres.CreateCommand(KeepSql);
        keep.Parameters.AddWithValue(stream.Id);
        keep.Parameters.AddWithValue(now);
        keep.Parameters.Add(new NpgsqlParameter<double?> { TypedValue = rate });
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

    private async Task<List<KafkaTriggerDay>> LoadDaysAsync(StreamIdentity stream, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = _postgres.CreateCommand(LoadSql);
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(now - _options.TrendWindow);
        command.Parameters.AddWithValue(now);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<KafkaTriggerDay>();
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(new KafkaTriggerDay(
                reader.Get<DateTimeOffset>("day"), reader.Get<double?>("rate"), reader.Get<TimeSpan>("retention"), reader.Get<int>("groups")));
        }

        return days;
    }

    private IEnumerable<Measurement<double>> Observe(Func<KafkaTriggerCriterion, double?> value)
    {
        foreach (var criterion in _trigger.Latest?.Criteria ?? [])
        {
            if (value(criterion) is { } number)
            {
                var tags = new TagList
                {
                    { "messaging.system", "redis" },
                    { "messaging.destination.name", _stream.Value },
                    { "fanout.kafka.criterion", criterion.Name },
                };
                yield return new Measurement<double>(number, tags);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(560, LogLevel.Warning, "Stream '{Stream}': {Note}")]
        public static partial void Changed(ILogger logger, StreamName stream, string note);
    }
}

/// <summary>What the trigger measures, at one moment.</summary>
/// <param name="Time">When.</param>
/// <param name="Published">Events published so far; only its growth counts.</param>
/// <param name="Retention">How far back the stream is needed.</param>
/// <param name="Groups">Registered groups.</param>
internal readonly record struct KafkaTriggerReading(DateTimeOffset Time, long Published, TimeSpan Retention, int Groups);

/// <summary>The highest values of a whole day.</summary>
internal readonly record struct KafkaTriggerDay(DateTimeOffset Day, double? Rate, TimeSpan Retention, int Groups);
