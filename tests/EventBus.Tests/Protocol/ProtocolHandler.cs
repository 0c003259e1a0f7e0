using FanOut.TestServers.Gates;
using Npgsql;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>
/// Keeps every effect, however often it happens. Some events fail, some are refused until they are repaired, some wait in the handler.
/// </summary>
internal sealed class ProtocolHandler(ProtocolFaults faults) : IEventHandler<Invoiced>
{
    public static async Task BeforeAsync(ProtocolFaults faults, int number, int delivery)
    {
        if (number % 3 == 0 && CallGate.Current.Value is { } gate)
        {
            await gate.PassAsync(() => Task.FromResult(true), GatedRedis.Cut);
        }

        if (number % 11 == 5 && !faults.AreRepaired)
        {
            throw new RejectEventException($"No {number}.");
        }

        if (number % 7 == 3 && delivery == 1 && !faults.AreHealed)
        {
            throw new InvalidOperationException($"Not yet {number}.");
        }
    }

    public async Task HandleAsync(EventContext<Invoiced> context, CancellationToken cancellationToken)
    {
        context.Enqueue(new NpgsqlBatchCommand("insert into effects values ($1, $2, $3)")
        {
            Parameters = { new() { Value = context.Group.Value }, new() { Value = context.EventId }, new() { Value = context.Event.Position } },
        });
        await BeforeAsync(faults, context.Data.Number, context.Delivery);
    }
}

/// <summary>The same, in batches and through the connection.</summary>
internal sealed class ProtocolBatchHandler(ProtocolFaults faults) : IEventBatchHandler<Ping>
{
    public async Task HandleAsync(EventBatch<Ping> batch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("insert into effects select $1, * from unnest($2, $3)", batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(batch.Select(context => context.EventId).ToArray());
        command.Parameters.AddWithValue(batch.Select(context => context.Event.Position).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
        foreach (var context in batch)
        {
            await ProtocolHandler.BeforeAsync(faults, context.Data.Number, context.Delivery);
        }
    }
}
