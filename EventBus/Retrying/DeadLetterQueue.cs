using FanOut.EventBus.Groups;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using Npgsql;
using NpgsqlTypes;
using static FanOut.EventBus.PostgresExtensions;

namespace FanOut.EventBus;

/// <summary>
/// What the groups of a stream could not handle: to be looked at, redriven to the group that failed (and to no other), or discarded. All of it is in
/// Postgres; Redis may be away. Any number of processes may use it at once: a decision about a dead letter is made once.
/// </summary>
public sealed class DeadLetterQueue
{
    /// <summary>How many dead letters <see cref="ListAsync"/> returns at most: 1,000.</summary>
    public const int MaxPerPage = 1_000;

    /// <summary>How long the name of somebody who decides may be: 200 characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>How many kinds of errors <see cref="ListErrorsAsync"/> returns at most: 200.</summary>
    public const int MaxKinds = 200;

    /// <summary>How long ago a decision may be that <see cref="UndoAsync"/> undoes: a minute, and 5 seconds for the way.</summary>
    public static readonly TimeSpan UndoFor = TimeSpan.FromSeconds(65);

    private static readonly string ListSql = EmbeddedText.Read("Retrying.list_dead_letters.sql");
    private static readonly string FindSql = EmbeddedText.Read("Retrying.find_dead_letter.sql");
    private static readonly string ChangeSql = EmbeddedText.Read("Retrying.change_dead_letters.sql");
    private static readonly string ErrorsSql = EmbeddedText.Read("Retrying.list_dead_letter_errors.sql");
    private static readonly string UndoSql = EmbeddedText.Read("Retrying.undo_change.sql");
    private static readonly string CountSql = EmbeddedText.Read("Retrying.count_retries.sql");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly NpgsqlDataSource _postgres;
    private readonly EventBusMetrics _metrics;

    internal DeadLetterQueue(StreamName stream, StreamCatalog catalog, NpgsqlDataSource postgres, EventBusMetrics metrics) =>
        (_stream, _catalog, _postgres, _metrics) = (stream, catalog, postgres, metrics);

    /// <summary>Lists dead letters, newest first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPerPage"/>.</param>
    /// <param name="before">Only those with a lower number: <see cref="DeadLetterPage.Next"/> of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A page.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is not in its range.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<DeadLetterPage> ListAsync(DeadLetterFilter filter, int limit, long? before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxPerPage);
        string[] states = filter.State switch
        {
            null => [RetryState.Dead, RetryState.Discarded],
            DeadLetterState.Dead => [RetryState.Dead],
            DeadLetterState.Discarded => [RetryState.Discarded],
            _ => [],
        };

        // One state at a time: each is planned for how many there are of it.
        var letters = new List<DeadLetterSummary>();
        foreach (var state in states)
        {
            await using var command = await CreateCommandAsync(ListSql, filter, state, cancellationToken);
            letters.AddRange(await command.With(before ?? long.MaxValue, limit + 1).QueryAsync(DeadLetterRow.ReadSummary, cancellationToken));
        }

        var page = letters.OrderByDescending(letter => letter.Number).Take(limit).ToArray();
        return new DeadLetterPage(page, letters.Count > limit ? page[^1].Number : null);
    }

    /// <summary>Finds one dead letter, also one that was redriven and still waits.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that is known of it; null where this stream has none of that number.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<DeadLetterDetails?> FindAsync(long number, CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var found = await _postgres.QueryAsync(FindSql, [stream.Id, number], DeadLetterRow.ReadDetails, cancellationToken);
        return found.SingleOrDefault();
    }

    /// <summary>Counts dead letters by group, type and kind of error.</summary>
    /// <param name="group">The group; null = any.</param>
    /// <param name="state"><see cref="DeadLetterState.Dead"/> or <see cref="DeadLetterState.Discarded"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The most frequent first, at most <see cref="MaxKinds"/>.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<IReadOnlyList<DeadLetterError>> ListErrorsAsync(
        GroupName? group, DeadLetterState state, CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var name = state == DeadLetterState.Discarded ? RetryState.Discarded : RetryState.Dead;
        object[] values = [stream.Id, NullableText(group?.Value), name, MaxKinds];
        return await _postgres.QueryAsync(ErrorsSql, values, DeadLetterRow.ReadError, cancellationToken);
    }

    /// <summary>How many events wait and how many dead letters there are, by group.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The registered groups, by name.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<IReadOnlyList<DeadLetterCounts>> CountAsync(CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        return await _postgres.QueryAsync(
            CountSql,
            [stream.Id],
            row => new DeadLetterCounts(
                new GroupName(row.Get<string>("group")), row.Get<long>("waiting"), row.Get<long>("dead"), row.Get<long>("discarded")),
            cancellationToken);
    }

    /// <summary>
    /// Gives one dead letter to its group once more: it is due now, and its attempts are counted anew. It has its effect once.
    /// </summary>
    /// <param name="number">Its number.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it; null where this stream has none of that number.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public Task<DeadLetterDecision?> RedriveAsync(long number, string by, CancellationToken cancellationToken) =>
        ChangeAsync(number, RetryState.Waiting, by, cancellationToken);

    /// <summary>Gives all dead letters that match to their groups once more, in one statement.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. All are redriven or none is; calling again is safe.</exception>
    public Task<DeadLetterChange> RedriveAsync(DeadLetterFilter filter, string by, CancellationToken cancellationToken) =>
        RedriveAsync(filter, by, Guid.CreateVersion7(), limit: null, cancellationToken);

    /// <summary>Gives matching dead letters to their groups once more, in one statement. It can be undone.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="change">
    /// An id that the caller makes up, for <see cref="UndoAsync"/>. Several calls may share one: they are undone together.
    /// </param>
    /// <param name="limit">
    /// How many at most, the lowest numbers first, so that many are changed in steps; null = all. With a limit, what has failed again
    /// since another step of this change is passed over and not counted; so is, by a redrive, what is no event of the outbox.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length, or <paramref name="limit"/> is below 1.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. All are redriven or none is; calling again is safe.</exception>
    public async Task<DeadLetterChange> RedriveAsync(
        DeadLetterFilter filter, string by, Guid change, int? limit, CancellationToken cancellationToken) =>
        (await ChangeAsync(filter, RetryState.Waiting, by, change, limit, cancellationToken)).Change;

    /// <summary>Decides that a dead letter never goes to its group again. It is kept for a while.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it; null where this stream has none of that number.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public Task<DeadLetterDecision?> DiscardAsync(long number, string by, CancellationToken cancellationToken) =>
        ChangeAsync(number, RetryState.Discarded, by, cancellationToken);

    /// <summary>Decides of all dead letters that match that they never go to their groups again, in one statement.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. All are discarded or none is; calling again is safe.</exception>
    public Task<DeadLetterChange> DiscardAsync(DeadLetterFilter filter, string by, CancellationToken cancellationToken) =>
        DiscardAsync(filter, by, Guid.CreateVersion7(), limit: null, cancellationToken);

    /// <summary>Decides of matching dead letters that they never go to their groups again, in one statement. It can be undone.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="change">
    /// An id that the caller makes up, for <see cref="UndoAsync"/>. Several calls may share one: they are undone together.
    /// </param>
    /// <param name="limit">
    /// How many at most, the lowest numbers first, so that many are changed in steps; null = all. With a limit, what has failed again
    /// since another step of this change is passed over and not counted; so is, by a redrive, what is no event of the outbox.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length, or <paramref name="limit"/> is below 1.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. All are discarded or none is; calling again is safe.</exception>
    public async Task<DeadLetterChange> DiscardAsync(
        DeadLetterFilter filter, string by, Guid change, int? limit, CancellationToken cancellationToken) =>
        (await ChangeAsync(filter, RetryState.Discarded, by, change, limit, cancellationToken)).Change;

    /// <summary>
    /// Undoes a redrive or discard: what it discarded is a dead letter again, and so is what it redrove, unless a worker has claimed it since. A
    /// redriven event that is handled has its effect, and stays done.
    /// </summary>
    /// <param name="change">The id of the decision, at most <see cref="UndoFor"/> ago; where several calls share it, the last of them.</param>
    /// <param name="by">Who undoes it, 1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it; null where it is unknown to this stream, or all that it changed are handled.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> has another length.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. Calling again is safe.</exception>
    public async Task<DeadLetterUndo?> UndoAsync(Guid change, string by, CancellationToken cancellationToken)
    {
        object[] values = [(await _catalog.GetAsync(_stream, cancellationToken)).Id, change, Check(by), UndoFor];
        await using var command = _postgres.CreateCommand(UndoSql).With(values);
        command.CommandTimeout = 0;
        var groups = await command.QueryAsync(
            row => (Name: row.Get<string>("group"), Restored: row.Get<int>("restored"), Found: row.Get<int>("found"), row.Get<bool>("is_in_time")),
            cancellationToken);
        foreach (var group in groups.Where(group => group.Restored > 0))
        {
            _metrics.Decided(_stream, new GroupName(group.Name), "restored", group.Restored);
        }

        return groups is [(_, _, > 0, var isInTime), ..] ? new DeadLetterUndo(groups.Sum(group => group.Restored), isInTime) : null;
    }

    private async Task<DeadLetterDecision?> ChangeAsync(long number, string state, string by, CancellationToken cancellationToken)
    {
        var name = Check(by);

        // Before the change: a redriven letter may be handled, and gone, a moment later.
        if (await FindAsync(number, cancellationToken) is not { } letter)
        {
            return null;
        }

        var id = Guid.CreateVersion7();
        var (change, changedAt) = await ChangeAsync(new() { Numbers = [number] }, state, by, id, limit: null, cancellationToken);
        if (change.Changed == 0)
        {
            return new DeadLetterDecision(false, await FindAsync(number, cancellationToken) ?? letter);
        }

        var decided = state == RetryState.Discarded ? DeadLetterState.Discarded : DeadLetterState.Redriven;
        return new DeadLetterDecision(true, letter with { State = decided, ChangedBy = name, ChangedAt = changedAt, Change = id });
    }

    private async Task<(DeadLetterChange Change, DateTimeOffset? At)> ChangeAsync(
        DeadLetterFilter filter, string state, string by, Guid id, int? limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? 1, 1, nameof(limit));
        var name = Check(by);
        await using var command = await CreateCommandAsync(ChangeSql, filter, state, cancellationToken);
        command.With(name, Nullable(NpgsqlDbType.Integer, limit), id);

        // A million of them take some minutes.
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var change = new DeadLetterChange(0, 0);
        DateTimeOffset? at = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            var changed = reader.Get<int>("changed");
            change = new DeadLetterChange(change.Changed + changed, change.NotEvents + reader.Get<int>("left_out"));
            at = reader.Get<DateTimeOffset>("changed_at");
            if (changed > 0)
            {
                var decision = state == RetryState.Discarded ? "discarded" : "redriven";
                _metrics.Decided(_stream, new GroupName(reader.Get<string>("group")), decision, changed);
            }
        }

        return (change, at);
    }

    private static string Check(string by)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        var name = NewRetry.Clean(by.Trim());
        return name.Length <= MaxNameLength
            ? name
            : throw new ArgumentException($"The name of who decides has {name.Length} characters; use at most {MaxNameLength}.", nameof(by));
    }

    /// <param name="sql">The statement.</param>
    /// <param name="filter">Its parameters from $4 on, and $2.</param>
    /// <param name="state">$3.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<NpgsqlCommand> CreateCommandAsync(string sql, DeadLetterFilter filter, string state, CancellationToken cancellationToken)
    {
        var command = _postgres.CreateCommand(sql);
        command.Parameters.AddWithValue((await _catalog.GetAsync(_stream, cancellationToken)).Id);
        return command.With(
            NullableText(filter.Group?.Value),
            state,
            NullableText(filter.Type),
            NullableText(filter.Subject),
            NullableText(filter.Error),
            Nullable(NpgsqlDbType.TimestampTz, filter.From?.ToUniversalTime()),
            Nullable(NpgsqlDbType.TimestampTz, filter.Until?.ToUniversalTime()),
            Nullable(NpgsqlDbType.Array | NpgsqlDbType.Bigint, filter.Numbers?.ToArray()),
            NullableText(filter.Kind));
    }
}
