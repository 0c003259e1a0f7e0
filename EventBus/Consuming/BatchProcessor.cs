namespace FanOut.EventBus.Consuming;

/// <summary>
/// Handles a batch in one transaction. Where a handler fails after it touched the transaction, it is rolled back and the batch is halved, down to one
/// event a transaction, whose failure is then written: no event suffers from another's failure.
/// </summary>
internal abstract class BatchProcessor
{
    /// <summary>Handles a batch.</summary>
    /// <param name="batch">At least one delivery.</param>
    /// <param name="blamesEvents">
    /// Whether a fault of Postgres or Redis in a handler is held against its event: a statement that always runs into its timeout looks like a slow
    /// server.
    /// </param>
    /// <param name="cancellationToken">Ends the work; what is not committed is rolled back.</param>
    /// <exception cref="HandlerException">
    /// A handler met a fault of Postgres or Redis, and <paramref name="blamesEvents"/> is false; or an outbox is full: repeat the batch.
    /// </exception>
    public async Task<BatchOutcome> ProcessAsync(IReadOnlyList<Delivery> batch, bool blamesEvents, CancellationToken cancellationToken)
    {
        try
        {
            return await CommitAsync(batch, failure: null, cancellationToken);
        }
        catch (HandlerException e) when (!HandlerRunner.IsOutboxFull(e) && (blamesEvents || !HandlerRunner.IsEnvironment(e)))
        {
            if (batch is [var only])
            {
                return await CommitAsync(batch, new HandlerFailure(only, e.InnerException!), cancellationToken);
            }
        }

        var half = batch.Count / 2;
        var outcome = await ProcessAsync([.. batch.Take(half)], blamesEvents, cancellationToken);
        outcome.Add(await ProcessAsync([.. batch.Skip(half)], blamesEvents, cancellationToken));
        return outcome;
    }

    /// <summary>Handles a batch in one transaction.</summary>
    /// <param name="batch">At least one delivery.</param>
    /// <param name="failure">How the only event of the batch has failed: it is written without calling the handler; null to call it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="HandlerException">A handler failed, and the transaction was rolled back.</exception>
    protected abstract Task<BatchOutcome> CommitAsync(
        IReadOnlyList<Delivery> batch, HandlerFailure? failure, CancellationToken cancellationToken);
}
