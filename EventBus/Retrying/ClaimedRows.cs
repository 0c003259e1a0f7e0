using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Retrying;

/// <summary>What the transaction that handles claimed rows does with them: it locks them first, and ends their claim last.</summary>
internal static class ClaimedRows
{
    private static readonly string LockSql = EmbeddedText.Read("Retrying.lock_retries.sql");
    private static readonly string FinishSql = EmbeddedText.Read("Retrying.finish_retries.sql");
    private static readonly string EndClaimSql = EmbeddedText.Read("Retrying.end_claim.sql");

    /// <summary>
    /// Locks rows: answers with the numbers (column <c>number</c>) of those that the claim still has. Nobody claims them while the handler runs,
    /// however long it takes.
    /// </summary>
    public static NpgsqlBatchCommand Lock(RegisteredGroup group, Guid claim, long[] numbers) =>
        new NpgsqlBatchCommand(LockSql).With(group.Id, claim, numbers);

    /// <summary>Deletes rows that are done.</summary>
    public static NpgsqlBatchCommand Finish(RegisteredGroup group, long[] numbers) => new NpgsqlBatchCommand(FinishSql).With(group.Id, numbers);

    /// <summary>Ends the claim of a row by a failure: it waits for a time, or is dead. The attempts include this one.</summary>
    public static NpgsqlBatchCommand Fail(RegisteredGroup group, long number, int attempts, string error, TimeSpan delay, bool isDead) =>
        new NpgsqlBatchCommand(EndClaimSql)
            .With(group.Id, number, NewRetry.Clean(error), isDead ? RetryState.Dead : RetryState.Waiting, delay, attempts);
}
