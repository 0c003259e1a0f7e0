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
    public static NpgsqlBatchCommand Lock(RegisteredGroup group, Guid claim, long[] numbers) => new(LockSql)
    {
        Parameters =
        {
            new NpgsqlParameter<int> { TypedValue = group.Id },
            new NpgsqlParameter<Guid> { TypedValue = claim },
            new NpgsqlParameter<long[]> { TypedValue = numbers },
        },
    };

    /// <summary>Deletes rows that are done.</summary>
    public static NpgsqlBatchCommand Finish(RegisteredGroup group, long[] numbers) => new(FinishSql)
    {
        Parameters = { new NpgsqlParameter<int> { TypedValue = group.Id }, new NpgsqlParameter<long[]> { TypedValue = numbers } },
    };

    /// <summary>Ends the claim of a row by a failure: it waits for a time, or is dead.</summary>
    /// <param name="group">The group.</param>
    /// <param name="number">The row.</param>
    /// <param name="attempts">Its failed deliveries, this one included.</param>
    /// <param name="error">Why.</param>
    /// <param name="delay">How long it waits.</param>
    /// <param name="isDead">Whether it is a dead letter.</param>
    public static NpgsqlBatchCommand Fail(RegisteredGroup group, long number, int attempts, string error, TimeSpan delay, bool isDead) =>
        new(EndClaimSql)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = group.Id },
                new NpgsqlParameter<long> { TypedValue = number },
                new NpgsqlParameter<string> { TypedValue = NewRetry.Clean(error) },
                new NpgsqlParameter<string> { TypedValue = isDead ? RetryState.Dead : RetryState.Waiting },
                new NpgsqlParameter<TimeSpan> { TypedValue = delay },
                new NpgsqlParameter<int> { TypedValue = attempts },
            },
        };
}
