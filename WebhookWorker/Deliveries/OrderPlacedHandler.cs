using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.WorkQueues;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Deliveries;

internal sealed class OrderPlacedHandler(DispatchSignal signal, ContractsValidator validator) : IEventBatchHandler<OrderPlaced>
{
    private static readonly string RecordEvents = EmbeddedSql.Read(typeof(OrderPlacedHandler), "record_events.sql");

    public async Task HandleAsync(EventBatch<OrderPlaced> batch, CancellationToken cancellationToken)
    {
        foreach (var context in batch)
        {
            if (await validator.FindProblemAsync(context.Data, cancellationToken) is { } problem)
            {
                throw new RejectEventException(problem);
            }
        }

        var buffer = new ArrayBufferWriter<byte>();
        var events = batch.Select(context => context.Event).ToArray();
        var traces = batch.Select(context => IsTrace(context) ? (context.TraceParent, context.Event.TraceState) : default).ToArray();
        await using var command = new NpgsqlCommand(RecordEvents, batch.Connection, batch.Transaction)
        {
            Parameters =
            {
                new() { Value = events.Select(e => e.Id).ToArray() },
                new() { Value = events.Select(e => e.Type).ToArray() },
                new() { Value = events.Select(e => e.Subject).ToArray() },
                new() { Value = batch.Select(context => Payload(context, buffer)).ToArray() },
                new() { Value = traces.Select(trace => trace.TraceParent).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = traces.Select(trace => trace.TraceState).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
            signal.Expect();
        }
    }

    private static bool IsTrace(EventContext<OrderPlaced> context) => ActivityContext.TryParse(context.TraceParent, context.Event.TraceState, out _);

    private static string Payload(EventContext<OrderPlaced> context, ArrayBufferWriter<byte> buffer)
    {
        buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", context.Event.Type);
            json.WriteString("timestamp", context.Event.Time.UtcDateTime);
            json.WritePropertyName("data");
            JsonSerializer.Serialize(json, context.Data, ContractsJson.Default.OrderPlaced);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
