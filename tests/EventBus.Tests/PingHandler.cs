using Npgsql;

namespace FanOut.EventBus.Tests;

internal sealed class PingHandler(HandlerScript script) : IEventHandler<Ping>
{
    public async Task HandleAsync(EventContext<Ping> context, CancellationToken cancellationToken)
    {
        await script.Before(context.Data.Number, context.Delivery, cancellationToken);
        await script.On(context.Data.Number, context.Connection, cancellationToken);
        context.Enqueue(new NpgsqlBatchCommand("insert into public.effects values ($1, $2, $3, $4)")
        {
            Parameters =
            {
                new() { Value = context.Group.Value }, new() { Value = context.Data.Number }, new() { Value = context.EventId },
                new() { Value = context.Delivery },
            },
        });
        await script.After(context.Connection, cancellationToken);
    }
}
