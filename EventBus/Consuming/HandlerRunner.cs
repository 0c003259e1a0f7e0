using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Runs the handlers of a group in a transaction.</summary>
internal sealed class HandlerRunner(IServiceScopeFactory scopes, IReadOnlyList<Subscription> subscriptions)
{
    /// <summary>The types that this process handles for the group.</summary>
    public string[] Types { get; } = [.. subscriptions.Select(subscription => subscription.Type.Name)];

    /// <returns>The events that failed and have left nothing in the transaction.</returns>
    /// <exception cref="HandlerException">A handler failed, and the transaction must be rolled back.</exception>
    public async Task<List<HandlerFailure>> RunAsync(
        IReadOnlyCollection<Delivery> deliveries, BatchTransaction transaction, BatchTrace trace, CancellationToken cancellationToken)
    {
        var failures = deliveries.Where(delivery => delivery.DataError is not null)
            .Select(delivery => new HandlerFailure(delivery, new InvalidDataException(delivery.DataError)))
            .ToList();
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            foreach (var subscription in subscriptions)
            {
                Delivery[] wanted = [.. deliveries.Where(delivery => delivery.Type == subscription.Type && delivery.DataError is null)];
                if (wanted.Length > 0)
                {
                    failures.AddRange(await subscription.InvokeAsync(scope.ServiceProvider, wanted, transaction, trace, cancellationToken));
                }
            }

            return failures;
        }
        catch (Exception e) when (e is not HandlerException && !cancellationToken.IsCancellationRequested)
        {
            // A handler could not be created, or what it used not be disposed.
            throw new HandlerException(e);
        }
    }

    /// <summary>Whether a handler failed for want of a lock: another transaction's doing, however often it happens.</summary>
    public static bool IsLockConflict(Exception? exception) => exception switch
    {
        Npgsql.PostgresException { SqlState: ['4', '0', ..] or Npgsql.PostgresErrorCodes.LockNotAvailable } => true,
        null => false,
        _ => IsLockConflict(exception.InnerException),
    };

    /// <summary>Whether an outbox takes no more events for now.</summary>
    public static bool IsOutboxFull(Exception? exception) =>
        exception is OutboxFullException || (exception is not null && IsOutboxFull(exception.InnerException));

    /// <summary>
    /// Whether a handler's exception says that Postgres or Redis failed, or an outbox is full. Other systems that a handler calls are its own affair:
    /// when they fail, the event fails.
    /// </summary>
    public static bool IsEnvironment(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is RejectEventException)
            {
                return false;
            }

            if (e is OutboxFullException)
            {
                return true;
            }

            if (e is Npgsql.NpgsqlException or RedisException or RedisTimeoutException or ObjectDisposedException)
            {
                return EnvironmentFault.Is(e);
            }
        }

        return false;
    }
}
