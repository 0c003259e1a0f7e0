using System.Diagnostics.Metrics;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Evaluates the <see cref="KafkaTrigger"/> of a stream, keeps the hours' highest values in Postgres, and shows the outcome as metrics. Any number of
/// replicas may run it: each measures the same.
/// </summary>
internal sealed partial class KafkaTriggerWatch : IHealthCheck
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
        Add("fanout.kafka.trigger.used", criterion => criterion.Value / criterion.Limit, "1",
            "How much of a criterion's limit is used; above 1 it is time to move to Kafka.");
        Add("fanout.kafka.trigger.days_left", criterion => criterion.DaysLeft, "d",
            "Days until the trend reaches a criterion's limit; absent where it does not.");
        Add("fanout.kafka.trigger.due", criterion => criterion.IsOver ? 1 : 0, "1",
            "1 where a criterion says that it is time to move to Kafka, 0 otherwise.");

        void Add(string name, Func<KafkaTriggerCriterion, double?> value, string unit, string description) =>
            metrics.Meter.CreateObservableGauge(name, () => Observe(value), unit, description);
    }

    /// <summary>A note, never a fault: a stream that has outgrown Redis still works.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(HealthCheckResult.Healthy(_trigger.Latest?.Note ?? "Not evaluated yet."));

    /// <summary>Evaluates once, by a sample that was just taken.</summary>
    public async Task<KafkaTriggerEvaluation> RunOnceAsync(StreamIdentity stream, StreamSample sample, CancellationToken cancellationToken)
    {
        var now = sample.Time;
        var retention = sample.Groups.Select(group => group.LagDuration).Append(_options.RetentionNeed).Max();
        var reading = new KafkaTriggerReading(now, sample.Published, retention, sample.Groups.Count);
        var days = await _postgres.QueryAsync(
            LoadSql,
            [stream.Id, now - _options.TrendWindow, now],
            row => new KafkaTriggerDay(
                row.Get<DateTimeOffset>("day"), row.Get<double?>("rate"), row.Get<TimeSpan>("retention"), row.Get<int>("groups")),
            cancellationToken);
        var (evaluation, rate) = _trigger.Observe(reading, days);
        var keepAfter = now - _options.TrendWindow - TimeSpan.FromDays(1);
        object[] hour = [stream.Id, now, new NpgsqlParameter<double?> { TypedValue = rate }, reading.Retention, reading.Groups, keepAfter];
        await _postgres.ExecuteAsync(KeepSql, hour, cancellationToken);
        if (evaluation.IsDue != _wasDue)
        {
            _wasDue = evaluation.IsDue;
            Log.Changed(_logger, _stream, evaluation.Note);
        }

        return evaluation;
    }

    private IEnumerable<Measurement<double>> Observe(Func<KafkaTriggerCriterion, double?> value)
    {
        foreach (var criterion in _trigger.Latest?.Criteria ?? [])
        {
            if (value(criterion) is { } number)
            {
                var tags = EventBusTelemetry.StreamTags(_stream);
                tags.Add("fanout.kafka.criterion", criterion.Name);
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
