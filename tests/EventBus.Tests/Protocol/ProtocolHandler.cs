using FanOut.EventBus.Consuming;
using FanOut.TestServers.Gates;
using Npgsql;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>Keeps every effect, however often it happens, with the id that the event came under. Some events fail, some are refused until they are repaired, some hold their transaction open for a turn.</summary>
internal sealed class ProtocolHandler(ProtocolFaults faults) : IEventBatchHandler<Ping>
{
    public async Task HandleAsync(EventBatch<Ping> batch, CancellationToken cancellationToken)
    {
        foreach (var context in batch)
        {
            var number = context.Data.Number;
            if (number % 3 == 0 && CallGate.Current.Value is { } gate)
            {
                await gate.PassAsync(() => Task.FromResult(true), GatedRedis.Cut);
            }

            if (number % 11 == 5 && !faults.AreRepaired)
            {
                throw new RejectEventException($"No {number}.");
            }

            if (number % 7 == 3 && context.Delivery == 1 && !faults.AreHealed)
            {
                throw new InvalidOperationException($"Not yet {number}.");
            }
        }

        await using var command = new NpgsqlCommand("insert into effects select $1, * from unnest($2, $3, $4)", batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(batch.Select(context => context.Data.Number).ToArray());
        command.Parameters.AddWithValue(batch.Select(context => context.EventId).ToArray());
        command.Parameters.AddWithValue(batch.Select(context => context.Entry.Value).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
