using FanOut.ServiceDefaults;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.NotificationWorker.Sending;

/// <summary>The queue of mails in Postgres, for any number of dispatchers.</summary>
internal sealed class EmailQueue(NpgsqlDataSource dataSource, IOptions<NotificationOptions> options)
{
    private static readonly string ClaimDue = EmbeddedSql.Read(typeof(EmailQueue), "claim.sql");
    private static readonly string SettleEmails = EmbeddedSql.Read(typeof(EmailQueue), "settle.sql");

    public async Task<List<ClaimedEmail>> ClaimAsync(int atMost, CancellationToken cancellationToken)
    {
        var claim = Guid.CreateVersion7();
        await using var command = dataSource.CreateCommand(ClaimDue);
        command.Parameters.Add(new() { Value = atMost });
        command.Parameters.Add(new() { Value = options.Value.Lease });
        command.Parameters.Add(new() { Value = claim });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<ClaimedEmail>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new(
                reader.GetInt64(0),
                claim,
                reader.GetGuid(1),
                reader.GetInt32(2),
                reader.GetString(3),
                reader.GetValue(4) as string,
                reader.GetValue(5) as string,
                reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return claimed;
    }

    public async Task SettleAsync(IReadOnlyList<Outcome> outcomes, CancellationToken cancellationToken)
    {
        // Ordered by id, so that two dispatchers that save the same rows (one too late) do not deadlock.
        var ordered = outcomes.OrderBy(outcome => outcome.Email.Id).ToArray();
        await using var command = dataSource.CreateCommand(SettleEmails);
        command.Parameters.Add(new() { Value = ordered.Select(o => o.Email.Id).ToArray() });
        command.Parameters.Add(new() { Value = ordered[0].Email.Claim });
        command.Parameters.Add(new() { Value = ordered.Select(o => o.Result.ToString().ToLowerInvariant()).ToArray() });
        command.Parameters.Add(new() { Value = ordered.Select(o => o.Delay).ToArray() });
        command.Parameters.Add(new() { Value = ordered.Select(o => o.Error).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
