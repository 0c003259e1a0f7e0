using System.Diagnostics;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.WorkQueues;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.NotificationWorker.Emails;

internal sealed class OrderPlacedHandler(DispatchSignal signal, ContractsValidator validator) : IEventBatchHandler<OrderPlaced>
{
    private static readonly string RecordEmails = EmbeddedSql.Read(typeof(OrderPlacedHandler), "record_emails.sql");

    public async Task HandleAsync(EventBatch<OrderPlaced> batch, CancellationToken cancellationToken)
    {
        foreach (var context in batch)
        {
            if (await validator.FindProblemAsync(context.Data, cancellationToken) is { } problem)
            {
                throw new RejectEventException(problem);
            }
        }

        var traces = batch.Select(context => IsTrace(context) ? (context.TraceParent, context.Event.TraceState) : default).ToArray();
        await using var command = new NpgsqlCommand(RecordEmails, batch.Connection, batch.Transaction)
        {
            Parameters =
            {
                new() { Value = batch.Select(context => context.EventId).ToArray() },
                new() { Value = batch.Select(context => context.Event.Subject).ToArray() },
                new() { Value = batch.Select(context => context.Data.Customer.Email).ToArray() },
                new() { Value = batch.Select(context => JsonSerializer.Serialize(context.Data, ContractsJson.Default.OrderPlaced)).ToArray() },
                new() { Value = traces.Select(trace => trace.TraceParent).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = traces.Select(trace => trace.TraceState).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        signal.Expect();
    }

    private static bool IsTrace(EventContext<OrderPlaced> context) => ActivityContext.TryParse(context.TraceParent, context.Event.TraceState, out _);
}
