using FanOut.EventBus.Groups;
using FanOut.EventBus.Wire;

namespace FanOut.Bench;

/// <summary>An event as it is in the outbox and on the stream: those of a stream are counted from 0, their positions from 1.</summary>
internal sealed record BenchEvent(int Number, string Type, string Subject, byte[] Data)
{
    private const string Source = "bench";

    public long Position => Number + 1L;

    /// <summary>The same for the same number, so that several outboxes can have the events of one stream.</summary>
    public Guid Id => new(Number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    public static BenchEvent Create(int number, int? bytes = null)
    {
        var order = bytes is { } length ? BenchOrder.Create(number, length) : BenchOrder.Create(number);
        return new(number, BenchOrder.EventType, order.OrderId.ToString(), JsonSerializer.SerializeToUtf8Bytes(order, BenchJson.Default.BenchOrder));
    }

    /// <summary>The fields of an entry, as a relay writes them.</summary>
    public NameValueEntry[] ToEntry() =>
    [
        new(EventFields.Position, Position),
        new(EventFields.Id, EventFields.FormatId(Id)),
        new(EventFields.Type, Type),
        new(EventFields.Source, Source),
        new(EventFields.Subject, Subject),
        new(EventFields.Time, EventFields.FormatTime(Now)),
        new(EventFields.Data, Data),
        new(EventFields.TraceParent, ""),
        new(EventFields.TraceState, ""),
    ];

    /// <summary>Writes rows of the outbox of a stream to which nobody publishes.</summary>
    public static async Task CopyAsync(
        NpgsqlDataSource postgres, StreamIdentity stream, IEnumerable<BenchEvent> events, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var rows = await connection.BeginBinaryImportAsync(
            $"copy {stream.OutboxTable} (stream, position, id, type, source, subject, time, data) from stdin (format binary)", cancellationToken);
        foreach (var item in events)
        {
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(stream.Id, cancellationToken);
            await rows.WriteAsync(item.Position, cancellationToken);
            await rows.WriteAsync(item.Id, cancellationToken);
            await rows.WriteAsync(item.Type, cancellationToken);
            await rows.WriteAsync(Source, cancellationToken);
            await rows.WriteAsync(item.Subject, cancellationToken);
            await rows.WriteAsync(Now, cancellationToken);
            await rows.WriteAsync(item.Data, cancellationToken);
        }

        await rows.CompleteAsync(cancellationToken);
    }

    private static DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime;
}
