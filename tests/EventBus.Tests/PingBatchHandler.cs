using Npgsql;

namespace FanOut.EventBus.Tests;

internal sealed class PingBatchHandler(HandlerScript script) : IEventBatchHandler<Ping>
{
    public async Task HandleAsync(EventBatch<Ping> batch, CancellationToken cancellationToken)
    {
        script.BeginBatch(batch.Count);
        foreach (var context in batch)
        {
            await script.Before(context.Data.Number, context.Delivery, cancellationToken);
            await script.On(context.Data.Number, context.Connection, cancellationToken);
        }

        await using var command = new NpgsqlCommand("insert into public.effects select $1, * from unnest($2, $3, $4)", batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(batch.Select(context => context.Data.Number).ToArray());
        command.Parameters.AddWithValue(batch.Select(context => context.EventId).ToArray());
        command.Parameters.AddWithValue(batch.Select(context => context.Delivery).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
        await script.After(batch.Connection, cancellationToken);
    }
}
