using System.Data;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>
/// Looks for every event of the outbox that a group has not taken: it must be unpublished, undelivered or pending. Names what
/// is missing or stuck. Reads only, and may be used while everything runs: Redis is asked first and Postgres looks at one moment
/// after that, so what was on its way then is on its way or taken. What is at or below a group's <c>done_through</c> costs
/// nothing.
/// </summary>
/// <param name="redis">The Redis of the stream. Stays the caller's.</param>
/// <param name="postgres">The database with the outbox and the inbox. Stays the caller's.</param>
public sealed class StreamVerifier(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    /// <summary>How many findings are named: 100; the others are counted.</summary>
    public const int MaxFindings = 100;

    private static readonly TimeSpan StuckAfter = TimeSpan.FromMinutes(5);
    private static readonly string StreamSql = EmbeddedText.Read("Maintenance.sample_stream.sql");
    private static readonly string GroupSql = EmbeddedText.Read("Maintenance.verify_group.sql");
    private static readonly string OpenSql = EmbeddedText.Read("Maintenance.find_open_events.sql");
    private static readonly string UntakenSql = EmbeddedText.Read("Maintenance.find_untaken_retries.sql");

    /// <summary>Verifies a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="InvalidOperationException">The database has no such stream.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamVerification> VerifyAsync(StreamName stream, CancellationToken cancellationToken = default)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        return await VerifyAsync(stream, transaction, cancellationToken);
    }

    /// <summary>Verifies a stream in a transaction of the caller's, who can then compare tables of its own as they were at the same moment.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="transaction">A repeatable read transaction in which nothing has been read yet. Stays the caller's, and open.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="ArgumentException"><paramref name="transaction"/> is not repeatable read.</exception>
    /// <exception cref="InvalidOperationException">The database has no such stream.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamVerification> VerifyAsync(
        StreamName stream, NpgsqlTransaction transaction, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        if (transaction.IsolationLevel is not (IsolationLevel.RepeatableRead or IsolationLevel.Serializable))
        {
            throw new ArgumentException(
                "The transaction must be repeatable read: everything is compared as it was at one moment.", nameof(transaction));
        }

        var identity = await FindAsync(stream, cancellationToken);
        var groups = await new ConsumerGroups(redis, postgres, TimeProvider.System).LoadAsync(identity, cancellationToken);
        var look = await StreamLook.ReadAsync(redis.GetDatabase(), stream, groups, cancellationToken);
        var findings = new Findings();
        var verified = new List<GroupVerification>();
        var connection = transaction.Connection!;
        foreach (var group in groups.OrderBy(group => group.Name.Value, StringComparer.Ordinal))
        {
            if (await ReadTotalsAsync(connection, group, cancellationToken) is { } totals)
            {
                verified.Add(await VerifyAsync(connection, group, totals, look, findings, cancellationToken));
            }
        }

        await using var command = new NpgsqlCommand(identity.Sql(StreamSql), connection).With(identity.Id);
        return new StreamVerification
        {
            Stream = stream,
            HighestPosition = (long)(await command.ExecuteScalarAsync(cancellationToken))!,
            Published = look.Published,
            OnStream = look.Length,
            Groups = verified,
            Findings = findings.Named,
            FindingCount = findings.Count,
        };
    }

    private async Task<StreamIdentity> FindAsync(StreamName stream, CancellationToken cancellationToken) =>
        await postgres.ScalarAsync("select id from bus.stream where name = $1", [stream.Value], cancellationToken) is int id
            ? new StreamIdentity(id, stream)
            : throw new InvalidOperationException($"This database has no stream '{stream}'.");

    private static async Task<GroupVerification> VerifyAsync(
        NpgsqlConnection connection,
        RegisteredGroup group,
        Totals totals,
        StreamLook look,
        Findings findings,
        CancellationToken cancellationToken)
    {
        var (undelivered, pending) = look.Groups[group.Id];
        var (unpublished, waitingInStream, delivered, missing) = (0L, 0L, 0L, 0L);
        await using (var command = new NpgsqlCommand(group.Stream.Sql(OpenSql), connection) { CommandTimeout = 0 }.With(group.Id, totals.DoneThrough))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var position = reader.Get<long>("position");
                if (pending.TryGetValue(position, out var idle))
                {
                    delivered++;
                    if (idle > group.ReclaimAfter + StuckAfter)
                    {
                        Find(VerificationFindingKind.Stuck, reader, $"Delivered, and idle for {idle}: see the reclaimer's health, and its log.");
                    }
                }
                else if (undelivered.Contains(position))
                {
                    waitingInStream++;
                }
                else if (look.IsUnpublished(position))
                {
                    unpublished++;
                    if (reader.Get<bool>("is_old"))
                    {
                        Find(
                            VerificationFindingKind.Stuck,
                            reader,
                            "In the outbox for more than a minute, and not published: see the relay's health, and its log.");
                    }
                }
                else
                {
                    missing++;
                    Find(
                        VerificationFindingKind.Missing,
                        reader,
                        "Published, not taken, and not on the stream for this group. The reclaimer gets it from the outbox; see its log.");
                }
            }
        }

        await using (var command = new NpgsqlCommand(UntakenSql, connection) { CommandTimeout = 0 }.With(group.Id))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                Find(VerificationFindingKind.Doubled, reader, "In the retry queue, and its position is not taken: it could have its effect twice.");
            }
        }

        if (totals.Overdue > 0)
        {
            findings.Add(new VerificationFinding(VerificationFindingKind.Stuck, group.Name, null, null, null,
                $"{totals.Overdue} events in the retry queue have been due for more than 5 minutes, among them of type '{totals.OverdueType}': "
                + "start a worker that knows it."));
        }

        return totals.Sums with { Unpublished = unpublished, Undelivered = waitingInStream, Pending = delivered, Missing = missing };

        void Find(VerificationFindingKind kind, NpgsqlDataReader reader, string detail) => findings.Add(
            new(kind, group.Name, reader.Get<long>("position"), reader.Get<Guid>("id"), reader.Get<string>("subject"), detail));
    }

    private static async Task<Totals?> ReadTotalsAsync(NpgsqlConnection connection, RegisteredGroup group, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(GroupSql, connection) { CommandTimeout = 0 }.With(group.Id);
        var totals = await command.QueryAsync(
            row => new Totals(
                new GroupVerification
                {
                    Group = group.Name,
                    Done = row.Get<long>("done"),
                    Unpublished = 0,
                    Undelivered = 0,
                    Pending = 0,
                    Waiting = row.Get<long>("waiting"),
                    DeadLetters = row.Get<long>("dead_letters"),
                    Discarded = row.Get<long>("discarded"),
                    Missing = 0,
                },
                row.Get<long>("done_through"),
                row.Get<long>("overdue"),
                row.Get<string?>("overdue_type")),
            cancellationToken);
        return totals.SingleOrDefault();
    }

    private sealed record Totals(GroupVerification Sums, long DoneThrough, long Overdue, string? OverdueType);

    private sealed class Findings
    {
        public List<VerificationFinding> Named { get; } = [];

        public long Count { get; private set; }

        public void Add(VerificationFinding finding)
        {
            Count++;
            if (Named.Count < MaxFindings)
            {
                Named.Add(finding);
            }
        }
    }
}
