using Npgsql;

namespace FanOut.EventBus.Inbox;

/// <summary>Runs the last statements of a transaction and commits it, in one round trip.</summary>
internal static class CheckedCommit
{
    /// <exception cref="PostgresException">
    /// A statement failed; or the transaction was aborted before and somebody has hidden that. Postgres would answer COMMIT with ROLLBACK, and no
    /// error.
    /// </exception>
    public static async Task RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<NpgsqlBatchCommand> last, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var command in last)
        {
            batch.BatchCommands.Add(command);
        }

        // Fails in an aborted transaction.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select 1"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
