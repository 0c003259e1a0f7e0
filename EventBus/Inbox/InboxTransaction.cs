using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Inbox;

/// <summary>
/// A transaction that has taken the positions of events for a group, each of which it alone may give an effect (or a retry row). The order of its
/// first statements is what makes that true: it inserts into the inbox first, which waits for rivals, and reads <c>done_through</c> second, so that a
/// range which was deleted below it cannot be taken twice. READ COMMITTED: each statement sees what was committed when it began.
/// </summary>
internal sealed class InboxTransaction : IAsyncDisposable
{
    private const int MaxSpread = 10;
    private static readonly string TakeSql = EmbeddedText.Read("Inbox.take_ranges.sql");
    private static readonly string CoveredSql = EmbeddedText.Read("Inbox.find_covered.sql");
    private static readonly string ReadGroupSql = EmbeddedText.Read("Inbox.read_group.sql");
    private static readonly string BetweenSql = EmbeddedText.Read("Inbox.find_events_between.sql");
    private static readonly string AmongSql = EmbeddedText.Read("Inbox.find_events.sql");

    private readonly RegisteredGroup _group;
    private readonly HashSet<long> _taken = [];
    private readonly HashSet<InboxCandidate> _strays = [];
    private long _doneThrough;

    private InboxTransaction(RegisteredGroup group, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _group = group;
        Connection = connection;
        Transaction = transaction;
    }

    public NpgsqlConnection Connection { get; }

    public NpgsqlTransaction Transaction { get; }

    /// <summary>The types to which the group has subscribed; empty only where none of its workers has ever run.</summary>
    public IReadOnlySet<string> Subscriptions { get; private set; } = new HashSet<string>();

    /// <summary>
    /// Of the candidates, those that the outbox does not have: of a lost history, of another system, or forged. No position was taken for them.
    /// </summary>
    public IReadOnlySet<InboxCandidate> Strays => _strays;

    /// <summary>
    /// Begins a transaction that takes what is still to do of <paramref name="candidates"/>. Where some are strays it is rolled back and repeated
    /// without them. The candidates may be in any order, with doubles.
    /// </summary>
    /// <exception cref="NpgsqlException">Postgres is away, or a rival holds a position for longer than the lock timeout.</exception>
    public static async Task<InboxTransaction> BeginAsync(
        NpgsqlDataSource postgres,
        RegisteredGroup group,
        InboxTimeouts timeouts,
        IReadOnlyCollection<InboxCandidate> candidates,
        CancellationToken cancellationToken)
    {
        var connection = await postgres.OpenConnectionAsync(cancellationToken);
        try
        {
            var strays = new HashSet<InboxCandidate>();
            while (true)
            {
                var inbox = new InboxTransaction(group, connection, await connection.BeginTransactionAsync(cancellationToken));
                var found = await inbox.TakeAsync(timeouts, [.. candidates.Where(candidate => !strays.Contains(candidate))], cancellationToken);
                if (found.Count == 0)
                {
                    inbox._strays.UnionWith(strays);
                    return inbox;
                }

                strays.UnionWith(found);
                await inbox.Transaction.DisposeAsync();
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether this transaction has taken the position, and so must give its event an effect or a retry row.</summary>
    public bool IsFresh(long position) => position > _doneThrough && _taken.Contains(position);

    /// <inheritdoc cref="CheckedCommit.RunAsync"/>
    public Task CommitAsync(IEnumerable<NpgsqlBatchCommand> last, CancellationToken cancellationToken) =>
        CheckedCommit.RunAsync(Connection, Transaction, last, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }

    /// <returns>The strays; where there are any, this transaction must be rolled back.</returns>
    private async Task<List<InboxCandidate>> TakeAsync(InboxTimeouts timeouts, InboxCandidate[] candidates, CancellationToken cancellationToken)
    {
        long[] open = [.. candidates.Select(candidate => candidate.Position).Distinct().Order()];
        var (from, to) = PositionRanges.Of(open);
        await using var batch = new NpgsqlBatch(Connection, Transaction)
        {
            BatchCommands =
            {
                timeouts.Command(),
                TakeCommand(from, to),
                new NpgsqlBatchCommand(ReadGroupSql) { Parameters = { new() { Value = _group.Id } } },
                FindEvents(open),
            },
        };
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            var inserted = await ReadInsertedAsync(reader, from, to, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await ReadGroupAsync(reader, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            var events = await ReadEventsAsync(reader, cancellationToken);
            if (inserted)
            {
                return FindStrays(candidates, events);
            }
        }

        return await TakeRestAsync(candidates, [.. open.Where(position => !_taken.Contains(position))], cancellationToken);
    }

    /// <summary>
    /// Some range overlaps what is there. Positions of it that are not covered are tried again, in smaller ranges: each round finds at least one
    /// covered position, for what stood in the way is committed (or our own) by now. Then the group and the outbox are read again.
    /// </summary>
    private async Task<List<InboxCandidate>> TakeRestAsync(InboxCandidate[] candidates, long[] refused, CancellationToken cancellationToken)
    {
        while (refused.Length > 0)
        {
            await using (var command = new NpgsqlCommand(CoveredSql, Connection, Transaction).With(_group.Id, refused, refused[0], refused[^1]))
            {
                refused = [.. refused.Except(await command.QueryAsync(row => row.Get<long>("position"), cancellationToken))];
            }

            var (from, to) = PositionRanges.Of(refused);
            await using var batch = new NpgsqlBatch(Connection, Transaction) { BatchCommands = { TakeCommand(from, to) } };
            await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
            {
                if (await ReadInsertedAsync(reader, from, to, cancellationToken))
                {
                    break;
                }
            }

            refused = [.. refused.Where(position => !_taken.Contains(position))];
        }

        await using var look = new NpgsqlBatch(Connection, Transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(ReadGroupSql) { Parameters = { new() { Value = _group.Id } } },
                FindEvents([.. _taken.Order()]),
            },
        };
        await using var found = await look.ExecuteReaderAsync(cancellationToken);
        await ReadGroupAsync(found, cancellationToken);
        await found.NextResultAsync(cancellationToken);
        return FindStrays(candidates, await ReadEventsAsync(found, cancellationToken));
    }

    private List<InboxCandidate> FindStrays(InboxCandidate[] candidates, Dictionary<long, Guid> events) =>
        [.. candidates.Where(candidate => IsFresh(candidate.Position)
            && (!events.TryGetValue(candidate.Position, out var id) || id != candidate.EventId))];

    /// <returns>Whether all ranges were inserted.</returns>
    private async Task<bool> ReadInsertedAsync(NpgsqlDataReader reader, long[] from, long[] to, CancellationToken cancellationToken)
    {
        var count = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            count++;
            var first = reader.Get<long>("first");
            for (var position = first; position < to[Array.BinarySearch(from, first)]; position++)
            {
                _taken.Add(position);
            }
        }

        return count == from.Length;
    }

    private async Task ReadGroupAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw new GroupUnregisteredException(_group);
        }

        _doneThrough = reader.Get<long>("done_through");
        Subscriptions = reader.Get<string[]>("types").ToHashSet();
    }

    private static async Task<Dictionary<long, Guid>> ReadEventsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var (position, id) = (reader.GetOrdinal("position"), reader.GetOrdinal("id"));
        var events = new Dictionary<long, Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(reader.GetFieldValue<long>(position), reader.GetFieldValue<Guid>(id));
        }

        return events;
    }

    private NpgsqlBatchCommand TakeCommand(long[] from, long[] to) => new NpgsqlBatchCommand(TakeSql).With(_group.Id, from, to);

    /// <summary>A range costs least, unless the positions are far apart: what was late, or left by a dead worker.</summary>
    private NpgsqlBatchCommand FindEvents(long[] ascending) =>
        ascending.Length == 0 || ascending[^1] - ascending[0] < (long)MaxSpread * ascending.Length
            ? new NpgsqlBatchCommand(_group.Stream.Sql(BetweenSql)).With(ascending.FirstOrDefault(), ascending.LastOrDefault(-1))
            : new NpgsqlBatchCommand(_group.Stream.Sql(AmongSql)).With([ascending]);
}
