using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Retrying;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>Handles rows of the retry queue. The transaction locks its rows first, where they are still of this worker's claim.</summary>
internal sealed class RetryProcessor(
    RegisteredGroup group, string consumer, ConsumerOptions options, NpgsqlDataSource postgres, HandlerRunner handlers, FinishedEvents finished)
    : BatchProcessor
{
    private readonly InboxTimeouts _timeouts = new(options.HandlerTimeout, ConsumerOptions.LockTimeout);

    /// <summary>The claim that has the rows.</summary>
    public Guid Claim { get; set; }

    protected override async Task<BatchOutcome> CommitAsync(
        IReadOnlyList<Delivery> batch, HandlerFailure? failure, CancellationToken cancellationToken)
    {
        using var trace = BatchTrace.Start(group.Stream.Name, group.Name, consumer, batch);
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var inTransaction = await connection.BeginTransactionAsync(cancellationToken);
        var locked = await LockAsync(connection, inTransaction, batch, cancellationToken);
        Delivery[] owned = [.. batch.Where(delivery => locked.Contains(delivery.Row))];
        var transaction = new BatchTransaction(group.Stream.Name, group.Name, connection, inTransaction);
        List<HandlerFailure> failures = failure is null
            ? await handlers.RunAsync(owned, transaction, trace, cancellationToken)
            : [.. owned.Select(_ => failure)];

        Delivery[] handled = [.. owned.Except(failures.Select(failed => failed.Delivery))];
        var outcome = new BatchOutcome { Handled = handled.Length };
        List<NpgsqlBatchCommand> last = [.. transaction.Commands];
        foreach (var failed in failures)
        {
            last.Add(Fail(failed, trace, outcome));
        }

        last.Add(ClaimedRows.Finish(group, [.. handled.Select(delivery => delivery.Row)]));
        try
        {
            await CheckedCommit.RunAsync(connection, inTransaction, last, cancellationToken);
        }
        catch (NpgsqlException e) when (outcome.Handled > 0)
        {
            throw new HandlerException(e);
        }

        finished.Add(handled, ignored: 0);
        return outcome;
    }

    private async Task<HashSet<long>> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<Delivery> batch, CancellationToken cancellationToken)
    {
        await using var first = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { _timeouts.Command(), ClaimedRows.Lock(group, Claim, [.. batch.Select(delivery => delivery.Row)]) },
        };
        await using var reader = await first.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var locked = new HashSet<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            locked.Add(reader.GetFieldValue<long>(reader.GetOrdinal("number")));
        }

        return locked;
    }

    private NpgsqlBatchCommand Fail(HandlerFailure failure, BatchTrace trace, BatchOutcome outcome)
    {
        var (delivery, exception) = failure;
        var error = EnvironmentFault.Describe(exception);
        var isDead = exception is RejectEventException || failure.Attempts >= options.MaxDeliveries;
        outcome.Error ??= error;
        outcome.ErrorType ??= exception.GetType().FullName;
        outcome.Retries += isDead ? 0 : 1;
        outcome.DeadLetters += isDead ? 1 : 0;
        trace.Record(delivery, isDead ? BatchTrace.DeadLettered : BatchTrace.RetryScheduled, exception);
        return ClaimedRows.Fail(group, delivery.Row, failure.Attempts, error, options.DelayAfter(failure.Attempts), isDead);
    }
}
