using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>
/// How a stream and its groups stood over the last day, in Postgres. Reclaimers write their samples to it, workers what they have finished; each in
/// steps of three lengths, so that it stays small and every range is read at once.
/// </summary>
public sealed class SampleHistory
{
    private static readonly string KeepSql = EmbeddedText.Read("Maintenance.keep_sample.sql");
    private static readonly string RemoveSql = EmbeddedText.Read("Maintenance.remove_old_history.sql");
    private static readonly string StreamSql = EmbeddedText.Read("Maintenance.read_stream_history.sql");
    private static readonly string GroupsSql = EmbeddedText.Read("Maintenance.read_group_history.sql");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly NpgsqlDataSource _postgres;

    internal SampleHistory(StreamName stream, StreamCatalog catalog, NpgsqlDataSource postgres) =>
        (_stream, _catalog, _postgres) = (stream, catalog, postgres);

    /// <summary>Reads how the stream and its groups stood.</summary>
    /// <param name="range">How far back, and in which steps.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A point for each step, oldest first. A step in which no reclaimer took a sample has none.</returns>
    /// <exception cref="NpgsqlException">Postgres is not available.</exception>
    public async Task<SampleSeries> ReadAsync(HistoryRange range, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(range);
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        await using var batch = _postgres.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(StreamSql).With(stream.Id, range.Step, range.Length));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(GroupsSql).With(stream.Id, range.Step, range.Length));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var points = await reader.ReadAllAsync(
            row => new StreamSeriesPoint(
                row.Get<DateTimeOffset>("slot"), row.Get<double?>("rate"), row.Get<long>("backlog"), row.Get<long>("length")),
            cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var groups = await reader.ReadAllAsync(row => (Name: row.Get<string>("name"), Point: ReadPoint(row)), cancellationToken);
        return new SampleSeries(points,
        [
            .. groups.GroupBy(row => row.Name).Select(
                group => new GroupSeries(new GroupName(group.Key), [.. group.Select(row => row.Point).OfType<GroupSeriesPoint>()])),
        ]);
    }

    /// <summary>Writes a sample. Any number of reclaimers may do it at once.</summary>
    internal async Task KeepAsync(StreamSample sample, CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var groups = sample.Groups;
        object[] values =
        [
            stream.Id,
            sample.Published,
            Math.Max(sample.HighestPosition - sample.Published, 0),
            sample.Length,
            groups.Select(group => group.Group.Value).ToArray(),
            groups.Select(group => group.Lag).ToArray(),
            groups.Select(group => group.LagDuration.TotalSeconds).ToArray(),
            groups.Select(group => group.Pending).ToArray(),
            groups.Select(group => group.Waiting).ToArray(),
            groups.Select(group => group.DeadLetters).ToArray(),
        ];
        await _postgres.ExecuteAsync(KeepSql, values, cancellationToken);
    }

    internal async Task RemoveOldAsync(CancellationToken cancellationToken) =>
        await _postgres.ExecuteAsync(RemoveSql, [(await _catalog.GetAsync(_stream, cancellationToken)).Id], cancellationToken);

    private static GroupSeriesPoint? ReadPoint(NpgsqlDataReader row)
    {
        if (row.Get<DateTimeOffset?>("slot") is not { } at)
        {
            return null;
        }

        var delays = row.Get<long[]>("delays");
        return new GroupSeriesPoint(
            at,
            row.Get<long>("lag"),
            TimeSpan.FromSeconds(row.Get<double>("lag_seconds")),
            row.Get<long>("pending"),
            row.Get<long>("waiting"),
            row.Get<long>("dead"),
            row.Get<double?>("rate"),
            DelayBuckets.Percentile(delays, 0.5),
            DelayBuckets.Percentile(delays, 0.99));
    }
}
