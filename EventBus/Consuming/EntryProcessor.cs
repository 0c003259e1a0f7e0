using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Retrying;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// Handles the entries that a lane has read. Each position is in the inbox afterwards, with its effect or with a row of the retry queue.
/// </summary>
internal sealed class EntryProcessor(
    RegisteredGroup group, string consumer, ConsumerOptions options, NpgsqlDataSource postgres, HandlerRunner handlers, FinishedEvents finished)
    : BatchProcessor
{
    private static readonly string CountSql = EmbeddedText.Read("Consuming.count_duplicates.sql");
    private readonly InboxTimeouts _timeouts = new(options.HandlerTimeout, ConsumerOptions.LockTimeout);

    protected override async Task<BatchOutcome> CommitAsync(
        IReadOnlyList<Delivery> batch, HandlerFailure? failure, CancellationToken cancellationToken)
    {
        using var trace = BatchTrace.Start(group.Stream.Name, group.Name, consumer, batch);
        InboxCandidate[] candidates = [.. batch.Where(delivery => delivery.Malformed is null).Select(Candidate)];
        await using var inbox = await InboxTransaction.BeginAsync(postgres, group, _timeouts, candidates, cancellationToken);
        var (outcome, rows, fresh) = (new BatchOutcome(), new List<NewRetry>(), new List<Delivery>(batch.Count));
        var positions = new HashSet<long>(batch.Count);
        foreach (var delivery in batch)
        {
            if (delivery.Malformed is { } error)
            {
                rows.Add(NewRetry.Malformed(delivery.Fields, delivery.EntryId!, error));
                outcome.Strays++;
            }
            else if (inbox.Strays.Count > 0 && inbox.Strays.Contains(Candidate(delivery)))
            {
                rows.Add(NewRetry.Stray(delivery.Event, delivery.EntryId!));
                outcome.Strays++;
            }
            else if (!inbox.IsFresh(delivery.Event.Position) || !positions.Add(delivery.Event.Position))
            {
                outcome.Duplicates++;
            }
            else if (delivery.Type is not null)
            {
                fresh.Add(delivery);
            }
            else if (inbox.Subscriptions.Contains(delivery.Event.Type.ToString()))
            {
                // No handler of this process handles it: another version of the worker does.
                rows.Add(NewRetry.Waiting(delivery.Event, delivery.EntryId, attempts: 0, TimeSpan.Zero));
                outcome.Retries++;
            }
            else
            {
                outcome.Ignored++;
            }
        }

        var transaction = new BatchTransaction(group.Stream.Name, group.Name, inbox.Connection, inbox.Transaction);
        List<HandlerFailure> failures = failure is null || fresh.Count == 0
            ? await handlers.RunAsync(fresh, transaction, trace, cancellationToken)
            : [failure];
        foreach (var failed in failures)
        {
            TakeFailure(failed, trace, outcome, rows);
        }

        outcome.Handled = fresh.Count - failures.Count;
        await CommitAsync(inbox, transaction, outcome, rows, cancellationToken);
        finished.Add(failures.Count == 0 ? fresh : [.. fresh.Except(failures.Select(failed => failed.Delivery))], outcome.Ignored);
        return outcome;
    }

    private async Task CommitAsync(
        InboxTransaction inbox, BatchTransaction transaction, BatchOutcome outcome, List<NewRetry> rows, CancellationToken cancellationToken)
    {
        List<NpgsqlBatchCommand> last = [.. transaction.Commands];
        if (rows.Count > 0)
        {
            last.Add(RetryInsert.Command(group, rows));
        }

        if (outcome.Duplicates > 0)
        {
            // Last, because it locks the group's row.
            last.Add(new NpgsqlBatchCommand(CountSql) { Parameters = { new() { Value = group.Id }, new() { Value = (long)outcome.Duplicates } } });
        }

        try
        {
            await inbox.CommitAsync(last, cancellationToken);
        }
        catch (NpgsqlException e) when (outcome.Handled > 0)
        {
            // What a handler has enqueued, a deferred constraint, or an error that a handler has hidden; or the server.
            throw new HandlerException(e);
        }
    }

    private static InboxCandidate Candidate(Delivery delivery) => new(delivery.Event.Position, delivery.Event.Id);

    private void TakeFailure(HandlerFailure failure, BatchTrace trace, BatchOutcome outcome, List<NewRetry> rows)
    {
        var (delivery, exception) = failure;
        var error = EnvironmentFault.Describe(exception);
        outcome.Error ??= error;
        outcome.ErrorType ??= exception.GetType().FullName;
        if (exception is RejectEventException || failure.Attempts >= options.MaxDeliveries)
        {
            rows.Add(NewRetry.Dead(delivery.Event, delivery.EntryId, failure.Attempts, error));
            outcome.DeadLetters++;
            trace.Record(delivery, BatchTrace.DeadLettered, exception);
        }
        else
        {
            rows.Add(NewRetry.Waiting(delivery.Event, delivery.EntryId, failure.Attempts, options.DelayAfter(failure.Attempts), error));
            outcome.Retries++;
            trace.Record(delivery, BatchTrace.RetryScheduled, exception);
        }
    }
}
