using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Retrying;

/// <summary>Removes dead letters, discarded ones too, that were kept for long enough.</summary>
internal sealed class RetryCleanup(NpgsqlDataSource postgres)
{
    /// <summary>How many one call removes.</summary>
    public const int MaxPerCall = 1_000;

    private static readonly string RemoveSql = EmbeddedText.Read("Retrying.remove_old_dead_letters.sql");

    /// <param name="group">Whose.</param>
    /// <param name="keepFor">How long they are kept after they failed or were discarded.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many were removed; with <see cref="MaxPerCall"/> there may be more.</returns>
    public async Task<int> RunOnceAsync(RegisteredGroup group, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(RemoveSql);
        command.Parameters.AddWithValue(group.Id);
        command.Parameters.AddWithValue(keepFor);
        command.Parameters.AddWithValue(MaxPerCall);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
