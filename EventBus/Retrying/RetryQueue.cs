using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>
/// The retry queue of one group: rows of bus.retry that wait, claimed by Postgres' clock. A claim of many counts no attempt.
/// What such a claim left unfinished is claimed alone, and that counts an attempt before the handler runs: so what ends its
/// process is counted, and what was claimed beside it is not. Safe for any number of workers at once.
/// </summary>
internal sealed class RetryQueue(NpgsqlDataSource postgres, RegisteredGroup group, EventBusMetrics? metrics = null)
{
    /// <summary>About how many rows <see cref="RetireUnknownAsync"/> and <see cref="RemoveOldAsync"/> change in one call.</summary>
    public const int MaxPerCall = 1_000;

    private static readonly string ClaimSql = EmbeddedText.Read("Retrying.claim_retries.sql");
    private static readonly string ClaimUnfinishedSql = EmbeddedText.Read("Retrying.claim_unfinished_retry.sql");
    private static readonly string ReadClaimSql = EmbeddedText.Read("Retrying.read_claim.sql");
    private static readonly string RetireSql = EmbeddedText.Read("Retrying.retire_unknown.sql");
    private static readonly string RemoveSql = EmbeddedText.Read("Retrying.remove_old_dead_letters.sql");

    private DueCursor _due = DueCursor.Beginning;
    private DueCursor _ended = DueCursor.Beginning;

    /// <summary>
    /// Claims rows that are due and were not claimed since they were last scheduled, for <paramref name="lease"/>. Counts no
    /// attempt. After a lost reply <see cref="ReadClaimAsync"/> says what was claimed.
    /// </summary>
    public async Task<IReadOnlyList<RetryRow>> ClaimManyAsync(
        Guid claim, string[] types, int count, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(ClaimSql).With(group.Id, claim, types, _due.From, count, lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RetryRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            _due = _due.Next(reader.Get<DateTime>("asked_at"), reader.Get<DateTime?>("lowest_due_at"));
            if (reader.Get<long?>("number") is not null)
            {
                rows.Add(Read(reader));
            }
        }

        return rows;
    }

    /// <summary>
    /// Claims one row that a claim left unfinished, for <paramref name="lease"/>; the attempt is counted and committed. A row that has had all its
    /// attempts becomes a dead letter instead, and the next one is looked at.
    /// </summary>
    /// <returns>Null where there is none.</returns>
    public async Task<RetryRow?> ClaimUnfinishedAsync(Guid claim, string[] types, TimeSpan lease, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var command = postgres.CreateCommand(ClaimUnfinishedSql)
                .With(group.Id, claim, types, _ended.From, lease, group.MaxDeliveries);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            _ended = _ended.Next(reader.Get<DateTime>("asked_at"), reader.Get<DateTime?>("lowest_due_at"));
            if (reader.Get<string?>("state") != RetryState.Dead)
            {
                return reader.Get<long?>("number") is null ? null : Read(reader);
            }

            metrics?.DeadLettered(group.Stream.Name, group.Name, 1);
        }
    }

    /// <summary>What a claim still has: to be asked after its reply was lost.</summary>
    public async Task<IReadOnlyList<RetryRow>> ReadClaimAsync(Guid claim, CancellationToken cancellationToken) =>
        await postgres.QueryAsync(ReadClaimSql, [group.Id, claim], Read, cancellationToken);

    /// <summary>Makes dead what is due and whose type no worker of the group has subscribed to in the last hour that one of them ran.</summary>
    /// <returns>How many; with <see cref="MaxPerCall"/> or more there may be others.</returns>
    public async Task<int> RetireUnknownAsync(CancellationToken cancellationToken)
    {
        var retired = await postgres.ExecuteAsync(RetireSql, [group.Id, MaxPerCall], cancellationToken);
        metrics?.DeadLettered(group.Stream.Name, group.Name, retired);
        return retired;
    }

    /// <summary>Removes dead letters, discarded ones too, that failed or were discarded longer ago than <paramref name="keepFor"/>.</summary>
    /// <returns>How many; with <see cref="MaxPerCall"/> there may be others.</returns>
    public async Task<int> RemoveOldAsync(TimeSpan keepFor, CancellationToken cancellationToken) =>
        (int)(await postgres.ScalarAsync(RemoveSql, [group.Id, keepFor, MaxPerCall], cancellationToken))!;

    private static RetryRow Read(NpgsqlDataReader reader)
    {
        RedisValue[] values =
        [
            reader.Get<string>("type"), reader.Get<string>("source"), reader.Get<string>("subject"), reader.Get<byte[]>("data"),
            reader.Get<string?>("traceparent"), reader.Get<string?>("tracestate"),
        ];
        var wire = WireEvent.FromRow(
            reader.Get<long>("position"), reader.Get<Guid>("id"), reader.Get<DateTime>("time"), values, reader.Get<string?>("headers"));
        return new RetryRow(reader.Get<long>("number"), wire, reader.Get<int>("attempts"));
    }
}
