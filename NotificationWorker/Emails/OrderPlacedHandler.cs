using System.Diagnostics;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.EventBus.Consuming;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.WorkQueues;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.NotificationWorker.Emails;

internal sealed class OrderPlacedHandler(DispatchSignal signal) : IEventBatchHandler<OrderPlaced>
{
    private static readonly string RecordEmails = EmbeddedSql.Read(typeof(OrderPlacedHandler), "record_emails.sql");

    public async Task HandleAsync(EventBatch<OrderPlaced> batch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(RecordEmails, batch.Connection, batch.Transaction)
        {
            Parameters =
            {
                new() { Value = batch.Select(context => context.EventId).ToArray() },
                new() { Value = batch.Select(context => context.Event.Subject).ToArray() },
                new() { Value = batch.Select(context => context.Data.Customer.Email).ToArray() },
                new() { Value = batch.Select(context => JsonSerializer.Serialize(context.Data, ContractsJson.Default.OrderPlaced)).ToArray() },
                new() { Value = batch.Select(context => IsTrace(context) ? context.TraceParent : null).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = batch.Select(context => IsTrace(context) ? context.Event.TraceState : null).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        signal.Expect();
    }

    private static bool IsTrace(EventContext<OrderPlaced> context) => ActivityContext.TryParse(context.TraceParent, context.Event.TraceState, out _);
}
