using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// Handles a batch in one READ COMMITTED transaction: inbox first, then effects, then commit. First all events together; where one fails, the transaction is rolled back and the events are handled one by one,
/// each under a savepoint, so that those at fault are taken out and the rest commits.
/// </summary>
internal sealed class BatchProcessor(StreamName stream, GroupName group, string consumer, int maxDeliveries, NpgsqlDataSource postgres, IServiceScopeFactory scopes, IReadOnlyList<Subscription> subscriptions)
{
    private static readonly string RecordFailureSql = EmbeddedText.Read("Consuming.record_failure.sql");
    private static readonly string ForgetFailuresSql = EmbeddedText.Read("Consuming.forget_failures.sql");
    private readonly InboxTable _inbox = new(stream, group);

    /// <summary>Handles all events together.</summary>
    /// <param name="batch">Well-formed events, ids ascending.</param>
    /// <param name="patience">How long the transaction may be idle, where that is longer than the session's own limit.</param>
    /// <param name="traces">Their spans.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer.</param>
    public async Task<BatchOutcome> HandleTogetherAsync(IReadOnlyList<Delivery> batch, TimeSpan? patience, BatchTrace traces, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AllowAsync(connection, patience, cancellationToken);
        var outcome = new BatchOutcome();
        var ids = new EntryId[batch.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = batch[i].Entry;
        }

        var covered = await _inbox.TakeAsync(connection, ids, cancellationToken);
        var fresh = covered is null ? batch : [.. batch.Where(delivery => !covered.Contains(delivery.Entry))];
        if (fresh.Count > 0)
        {
            await using var scope = scopes.CreateAsyncScope();
            await InvokeAsync(scope.ServiceProvider, fresh, new BatchTransaction(stream, group, connection, transaction), traces, cancellationToken);
            outcome.Done.AddRange(fresh);
            outcome.Handled = fresh.Count(delivery => delivery.Type is not null);
        }

        if (covered is not null)
        {
            await SettleCoveredAsync(connection, [.. batch.Where(delivery => covered.Contains(delivery.Entry))], outcome, cancellationToken);
        }

        await FinishAsync(connection, transaction, outcome, cancellationToken);
        return outcome;
    }

    /// <summary>Handles the events one by one and takes out those that fail.</summary>
    /// <param name="batch">Entries, ids ascending; also malformed ones.</param>
    /// <param name="patience">How long the transaction may be idle, where that is longer than the session's own limit.</param>
    /// <param name="blameEvents">Whether to hold the events at fault even where all fail alike.</param>
    /// <param name="traces">Their spans.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer.</param>
    /// <exception cref="AllFailedAlikeException">All of several events failed in the same way; nothing is committed.</exception>
    public async Task<BatchOutcome> HandleOneByOneAsync(IReadOnlyList<Delivery> batch, TimeSpan? patience, bool blameEvents, BatchTrace traces, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AllowAsync(connection, patience, cancellationToken);
        var outcome = new BatchOutcome();
        var faults = new List<Exception>();
        foreach (var delivery in batch)
        {
            if (delivery.Malformed is { } reason)
            {
                await DeadLetterAsync(connection, delivery, reason, outcome, cancellationToken);
                traces.Record(delivery, EntryTrace.DeadLettered, reason);
                continue;
            }

            await transaction.SaveAsync("entry", cancellationToken);
            if (await _inbox.TakeAsync(connection, [delivery.Entry], cancellationToken) is not null)
            {
                await transaction.ReleaseAsync("entry", cancellationToken);
                await SettleCoveredAsync(connection, [delivery], outcome, cancellationToken);
                continue;
            }

            if (await TryHandleAsync(connection, transaction, delivery, traces, cancellationToken) is not { } fault)
            {
                outcome.Done.Add(delivery);
                outcome.Handled += delivery.Type is null ? 0 : 1;
                continue;
            }

            await transaction.RollbackAsync("entry", cancellationToken);
            faults.Add(fault);
            await TakeOutAsync(connection, delivery, fault, outcome, traces, cancellationToken);
        }

        if (!blameEvents && faults.Count > 1 && outcome.Handled == 0 && faults.TrueForAll(fault => fault is not RejectEventException && fault.GetType() == faults[0].GetType()))
        {
            throw new AllFailedAlikeException(faults.Count, faults[0]);
        }

        await FinishAsync(connection, transaction, outcome, cancellationToken);
        return outcome;
    }

    /// <summary>Holds one event at fault for what looked like a fault of the environment.</summary>
    public async Task<BatchOutcome> BlameAsync(Delivery delivery, Exception fault, BatchTrace traces, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var outcome = new BatchOutcome();
        await TakeOutAsync(connection, delivery, fault, outcome, traces, cancellationToken);
        await FinishAsync(connection, transaction, outcome, cancellationToken);
        return outcome;
    }

    /// <summary>Whether Postgres answers.</summary>
    public async Task<bool> IsPostgresWellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = postgres.CreateCommand("select 1");
            command.CommandTimeout = 5;
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (Fault.IsEnvironment(e))
        {
            return false;
        }
    }

    /// <summary>Dead-letters entries without handling them.</summary>
    public async Task<BatchOutcome> DeadLetterAsync(Delivery delivery, string? error, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var outcome = new BatchOutcome();
        error ??= await LastFailureAsync(connection, delivery.Entry, cancellationToken)
            ?? $"Delivered {delivery.Count} times without an answer: the worker crashed or stalled each time it handled this event.";
        await DeadLetterAsync(connection, delivery, error, outcome, cancellationToken);
        await FinishAsync(connection, transaction, outcome, cancellationToken);
        if (outcome.NewDeadLetters > 0 && delivery.Malformed is null)
        {
            EntryTrace.RecordDeadLetter(stream, group, delivery.Event, delivery.Entry, consumer, delivery.Count, error);
        }

        return outcome;
    }

    /// <summary>Sorts out the entries that need no handling: their effect is committed, or they are dead letters.</summary>
    public async Task<BatchOutcome> FindSettledAsync(IReadOnlyList<Delivery> batch, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var outcome = new BatchOutcome();
        var covered = await _inbox.FindCoveredAsync(connection, [.. batch.Select(delivery => delivery.Entry)], cancellationToken);
        await SettleCoveredAsync(connection, [.. batch.Where(delivery => covered.Contains(delivery.Entry))], outcome, cancellationToken);
        outcome.Open.AddRange(batch.Where(delivery => !covered.Contains(delivery.Entry)));
        await FinishAsync(connection, transaction, outcome, cancellationToken);
        return outcome;
    }

    private static async Task AllowAsync(NpgsqlConnection connection, TimeSpan? patience, CancellationToken cancellationToken)
    {
        if (patience is { } idle)
        {
            await using var command = new NpgsqlCommand($"set local idle_in_transaction_session_timeout = {(long)idle.TotalMilliseconds}", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task InvokeAsync(IServiceProvider services, IReadOnlyList<Delivery> deliveries, BatchTransaction transaction, BatchTrace traces, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var subscription in subscriptions)
            {
                IReadOnlyList<Delivery> wanted = AllAre(deliveries, subscription) ? deliveries : [.. deliveries.Where(delivery => delivery.Type == subscription.Type)];
                if (wanted.Count > 0)
                {
                    await subscription.InvokeAsync(services, wanted, transaction, traces, cancellationToken);
                }
            }

            await transaction.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (Fault.IsEnvironment(e) && Fault.MayBeOfAHandler(e))
        {
            throw new SuspectedHandlerException(e);
        }
    }

    private static bool AllAre(IReadOnlyList<Delivery> deliveries, Subscription subscription)
    {
        foreach (var delivery in deliveries)
        {
            if (delivery.Type != subscription.Type)
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>What the handler threw; null where it handled the event.</returns>
    private async Task<Exception?> TryHandleAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Delivery delivery, BatchTrace traces, CancellationToken cancellationToken)
    {
        try
        {
            traces.Enter(delivery);
            await using var scope = scopes.CreateAsyncScope();
            await InvokeAsync(scope.ServiceProvider, [delivery], new BatchTransaction(stream, group, connection, transaction), traces, cancellationToken);

            // Fails where the handler has hidden an error that aborted the transaction.
            await transaction.ReleaseAsync("entry", cancellationToken);
            return null;
        }
        catch (Exception e) when (!Fault.IsEnvironment(e) && !cancellationToken.IsCancellationRequested)
        {
            return e;
        }
    }

    private async Task TakeOutAsync(NpgsqlConnection connection, Delivery delivery, Exception fault, BatchOutcome outcome, BatchTrace traces, CancellationToken cancellationToken)
    {
        var error = Fault.Describe(fault);
        if (fault is RejectEventException || delivery.Count >= maxDeliveries)
        {
            await DeadLetterAsync(connection, delivery, error, outcome, cancellationToken);
            traces.Record(delivery, EntryTrace.DeadLettered, error, fault.GetType().FullName);
            return;
        }

        await using var command = new NpgsqlCommand(RecordFailureSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(delivery.Entry.Value);
        command.Parameters.AddWithValue(delivery.Count);
        command.Parameters.AddWithValue(FailureText.Clean(error));
        await command.ExecuteNonQueryAsync(cancellationToken);
        outcome.Failed.Add(delivery);
        outcome.FirstError ??= error;
        traces.Record(delivery, EntryTrace.Parked, error, fault.GetType().FullName);
    }

    private async Task DeadLetterAsync(NpgsqlConnection connection, Delivery delivery, string error, BatchOutcome outcome, CancellationToken cancellationToken)
    {
        var letter = new DeadLetter
        {
            Entry = delivery.Entry,
            RedriveId = delivery.Key == StreamKeys.Stream(stream) ? null : delivery.PendingId.ToString(),
            Fields = delivery.Fields,
            Consumer = consumer,
            Deliveries = delivery.Count,
            Error = error,
        };
        if (await DeadLetterStore.TryAddAsync(connection, stream, group, letter, cancellationToken) is { } number)
        {
            outcome.DeadLetters.Add(number);
            outcome.NewDeadLetters++;
            outcome.FirstError ??= error;
        }
        else
        {
            await SettleCoveredAsync(connection, [delivery], outcome, cancellationToken);
        }
    }

    /// <summary>What is covered needs only an acknowledgement, unless it is a dead letter: that one leaves the pending entries by the way of the DLQ stream.</summary>
    private async Task SettleCoveredAsync(NpgsqlConnection connection, IReadOnlyList<Delivery> covered, BatchOutcome outcome, CancellationToken cancellationToken)
    {
        if (covered.Count == 0)
        {
            return;
        }

        var dead = await DeadLetterStore.FindUnprojectedAsync(connection, stream, group, [.. covered.Select(delivery => delivery.Entry.Value)], cancellationToken);
        foreach (var delivery in covered)
        {
            if (dead.TryGetValue(delivery.Entry, out var number))
            {
                outcome.DeadLetters.Add(number);
            }
            else
            {
                outcome.Done.Add(delivery);
                outcome.Duplicates++;
            }
        }
    }

    private async Task FinishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, BatchOutcome outcome, CancellationToken cancellationToken)
    {
        var retried = outcome.Done.Where(delivery => delivery.Count > 1).Select(delivery => delivery.Entry.Value).ToArray();
        if (retried.Length > 0)
        {
            await using var command = new NpgsqlCommand(ForgetFailuresSql, connection);
            command.Parameters.AddWithValue(stream.Value);
            command.Parameters.AddWithValue(group.Value);
            command.Parameters.AddWithValue(retried);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        if (outcome.Duplicates > 0)
        {
            await _inbox.CountDuplicatesAsync(connection, outcome.Duplicates, cancellationToken);
        }

        // Postgres answers COMMIT with ROLLBACK, and no error, where a handler has hidden an error that aborted the transaction. The statement before it fails then. Both go in one round trip.
        await using var commit = new NpgsqlBatch(connection, transaction) { BatchCommands = { new("select 1"), new("commit") } };
        await commit.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<string?> LastFailureAsync(NpgsqlConnection connection, EntryId entry, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select error from bus.failure where stream = $1 and \"group\" = $2 and entry = $3", connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(entry.Value);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }
}
