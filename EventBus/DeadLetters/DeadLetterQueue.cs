using System.Data;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.DeadLetters;

/// <summary>
/// What the groups of the stream could not handle: to be looked at, redriven to the group that failed (and to no other), or discarded. The record is in Postgres; it can be read while Redis is away.
/// Any number of processes may use it at once: a decision about a dead letter is made once.
/// </summary>
public sealed class DeadLetterQueue
{
    /// <summary>The most that <see cref="ListAsync"/> returns, and that one call of <see cref="RedriveAsync(DeadLetterFilter, string, DeadLetterCursor?, int, CancellationToken)"/> looks at: 1,000.</summary>
    public const int MostPerCall = 1_000;

    /// <summary>The longest name of somebody who decides: 200 characters.</summary>
    public const int LongestName = 200;

    private static readonly string ListSql = EmbeddedText.Read("DeadLetters.list_dead_letters.sql");
    private static readonly string MatchSql = EmbeddedText.Read("DeadLetters.match_dead_letters.sql");
    private static readonly string FindSql = EmbeddedText.Read("DeadLetters.find_dead_letter.sql");
    private static readonly string HistorySql = EmbeddedText.Read("DeadLetters.find_history.sql");
    private static readonly string LastNumberSql = EmbeddedText.Read("DeadLetters.last_number.sql");
    private static readonly string DiscardSql = EmbeddedText.Read("DeadLetters.mark_discarded.sql");

    private readonly NpgsqlDataSource _postgres;
    private readonly DeadLetterProjector _projector;
    private readonly Redrive _redrive;
    private readonly EventBusMetrics _metrics;
    private readonly StreamName _stream;

    internal DeadLetterQueue(NpgsqlDataSource postgres, DeadLetterProjector projector, Redrive redrive, EventBusMetrics metrics, IOptions<EventBusOptions> options)
    {
        _postgres = postgres;
        _projector = projector;
        _redrive = redrive;
        _metrics = metrics;
        _stream = new StreamName(options.Value.Stream);
    }

    /// <summary>Lists dead letters, newest first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MostPerCall"/>.</param>
    /// <param name="before">Only those with a lower number: <see cref="DeadLetterPage.Next"/> of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A page.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<DeadLetterPage> ListAsync(DeadLetterFilter filter, int limit, long? before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MostPerCall);
        await using var command = _postgres.CreateCommand(ListSql);
        AddFilter(command, filter, filter.State);
        command.Parameters.AddWithValue(before ?? long.MaxValue);
        command.Parameters.AddWithValue(limit + 1);
        var letters = await ReadAllAsync(command, cancellationToken);
        if (letters.Count <= limit)
        {
            return new(letters, null);
        }

        letters.RemoveAt(limit);
        return new(letters, letters[^1].Number);
    }

    /// <summary>Finds one dead letter.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that is known of it; null where there is none of that number.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<DeadLetterDetails?> FindAsync(long number, CancellationToken cancellationToken)
    {
        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        if (await LoadAsync(connection, number, cancellationToken) is not { Letter: var letter })
        {
            return null;
        }

        await using var command = new NpgsqlCommand(HistorySql, connection);
        command.Parameters.AddWithValue(_stream.Value);
        command.Parameters.AddWithValue(letter.Group.Value);
        command.Parameters.AddWithValue(letter.Entry.Value);
        return letter with { History = await ReadAllAsync(command, cancellationToken) };
    }

    /// <summary>
    /// Gives one dead letter to its group once more: its id becomes free in the group's inbox, and its entry is added to the group's redrive stream, where a lane of that group reads it. It has its effect once, however
    /// often Redis loses or repeats it.
    /// </summary>
    /// <param name="number">Its number.</param>
    /// <param name="by">Who decides, 1 to <see cref="LongestName"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it; null where there is none of that number.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    /// <exception cref="StackExchange.Redis.RedisException">Redis cannot be reached or refuses, and still has the failed delivery as pending; nothing is decided.</exception>
    /// <exception cref="TimeoutException">Others keep rewriting the group's inbox; nothing is decided.</exception>
    public async Task<DeadLetterDecision?> RedriveAsync(long number, string by, CancellationToken cancellationToken)
    {
        var name = Check(by);
        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        if (await LoadAsync(connection, number, cancellationToken) is not var (letter, isProjected))
        {
            return null;
        }

        await connection.CloseAsync();
        var changed = letter.State == DeadLetterState.Dead && await RedriveAsync(letter.Group, [(number, isProjected)], name, cancellationToken) == 1;
        return await ToDecisionAsync(number, changed, cancellationToken);
    }

    /// <summary>Gives the dead letters that match to their groups once more, oldest first.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="LongestName"/> characters.</param>
    /// <param name="from">Where to go on: <see cref="DeadLetterChange.Next"/> of the call before; null for the first.</param>
    /// <param name="limit">How many this call looks at, 1 to <see cref="MostPerCall"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. Some may be redriven; calling again with the same arguments does the rest.</exception>
    /// <exception cref="StackExchange.Redis.RedisException">Redis cannot be reached or refuses. Some may be redriven; calling again with the same arguments does the rest.</exception>
    /// <exception cref="TimeoutException">Others keep rewriting a group's inbox. Some may be redriven; calling again with the same arguments does the rest.</exception>
    public Task<DeadLetterChange> RedriveAsync(DeadLetterFilter filter, string by, DeadLetterCursor? from, int limit, CancellationToken cancellationToken)
    {
        var name = Check(by);
        return ChangeAsync(filter, from, limit, (group, letters) => RedriveAsync(group, letters, name, cancellationToken), cancellationToken);
    }

    /// <summary>Decides that a dead letter never goes to its group again. It is kept.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="by">Who decides, 1 to <see cref="LongestName"/> characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it; null where there is none of that number.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<DeadLetterDecision?> DiscardAsync(long number, string by, CancellationToken cancellationToken)
    {
        var changed = await DiscardAsync([number], Check(by), cancellationToken) == 1;
        return await ToDecisionAsync(number, changed, cancellationToken);
    }

    /// <summary>Decides of the dead letters that match that they never go to their groups again. They are kept.</summary>
    /// <param name="filter">Which; an empty filter means all.</param>
    /// <param name="by">Who decides, 1 to <see cref="LongestName"/> characters.</param>
    /// <param name="from">Where to go on: <see cref="DeadLetterChange.Next"/> of the call before; null for the first.</param>
    /// <param name="limit">How many this call looks at, 1 to <see cref="MostPerCall"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses. Some may be discarded; calling again with the same arguments does the rest.</exception>
    public Task<DeadLetterChange> DiscardAsync(DeadLetterFilter filter, string by, DeadLetterCursor? from, int limit, CancellationToken cancellationToken)
    {
        var name = Check(by);
        return ChangeAsync(filter, from, limit, (_, letters) => DiscardAsync([.. letters.Select(letter => letter.Number)], name, cancellationToken), cancellationToken);
    }

    private static string Check(string by)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        var name = by.Trim().Replace('\0', '\uFFFD');
        return name.Length <= LongestName ? name : throw new ArgumentException($"The name of who decides has {name.Length} characters; {LongestName} are the most.", nameof(by));
    }

    private async Task<DeadLetterChange> ChangeAsync(
        DeadLetterFilter filter, DeadLetterCursor? from, int limit, Func<GroupName, IReadOnlyList<(long Number, bool IsProjected)>, Task<int>> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MostPerCall);
        var cursor = from ?? new DeadLetterCursor(0, await LastNumberAsync(cancellationToken));
        var found = await MatchAsync(filter, cursor, limit, cancellationToken);
        var changed = 0;
        foreach (var ofGroup in found.GroupBy(letter => letter.Group, letter => (letter.Number, letter.IsProjected)))
        {
            foreach (var letters in ofGroup.Chunk(Redrive.MostAtOnce))
            {
                changed += await change(ofGroup.Key, letters);
            }
        }

        var looked = filter.Numbers is { } numbers && from is null && found.Count < limit ? numbers.Distinct().Count() : found.Count;
        return new(changed, looked - changed, found.Count < limit ? null : cursor with { After = found[^1].Number });
    }

    private async Task<int> RedriveAsync(GroupName group, IReadOnlyList<(long Number, bool IsProjected)> letters, string by, CancellationToken cancellationToken)
    {
        foreach (var (number, _) in letters.Where(letter => !letter.IsProjected))
        {
            // Otherwise the failed delivery would stay pending beside the redriven one, and a lane would be given it.
            await _projector.ProjectAsync(number, cancellationToken);
        }

        var redriven = await _redrive.DecideAsync(_stream, group, [.. letters.Select(letter => letter.Number)], by, cancellationToken);
        if (redriven.Length > 0)
        {
            _metrics.Decided(_stream, group, "redriven", redriven.Length);
            await _redrive.TryAddAsync(_stream, group, redriven, cancellationToken);
        }

        return redriven.Length;
    }

    private async Task<int> DiscardAsync(long[] numbers, string by, CancellationToken cancellationToken)
    {
        await using var command = _postgres.CreateCommand(DiscardSql);
        command.Parameters.AddWithValue(_stream.Value);
        command.Parameters.AddWithValue(numbers);
        command.Parameters.AddWithValue(by);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var discarded = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            _metrics.Decided(_stream, new GroupName(reader.GetString(1)), "discarded", 1);
            discarded++;
        }

        return discarded;
    }

    private async Task<DeadLetterDecision?> ToDecisionAsync(long number, bool isChanged, CancellationToken cancellationToken)
    {
        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        return await LoadAsync(connection, number, cancellationToken) is var (letter, _) ? new(isChanged, letter.State, letter.DecidedBy, letter.DecidedAt) : null;
    }

    private async Task<Loaded?> LoadAsync(NpgsqlConnection connection, long number, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindSql, connection);
        command.Parameters.AddWithValue(_stream.Value);
        command.Parameters.AddWithValue(number);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var summary = Read(reader);
        var fields = DeadLetterStore.FromJson(reader.GetString(16));
        return new(new DeadLetterDetails
        {
            Number = summary.Number,
            Group = summary.Group,
            Entry = summary.Entry,
            EventId = summary.EventId,
            Type = summary.Type,
            Source = Text(reader, 15),
            Subject = summary.Subject,
            Time = summary.Time,
            Consumer = summary.Consumer,
            Deliveries = summary.Deliveries,
            Error = summary.Error,
            DeadLetteredAt = summary.DeadLetteredAt,
            State = summary.State,
            DecidedAt = summary.DecidedAt,
            DecidedBy = summary.DecidedBy,
            SettledAt = summary.SettledAt,
            Fields = [.. fields.Select(field => new DeadLetterField(field.Name.ToString(), (ReadOnlyMemory<byte>)field.Value))],
            History = [],
        }, reader.GetBoolean(17));
    }

    private async Task<List<(long Number, GroupName Group, bool IsProjected)>> MatchAsync(DeadLetterFilter filter, DeadLetterCursor cursor, int limit, CancellationToken cancellationToken)
    {
        await using var command = _postgres.CreateCommand(MatchSql);
        AddFilter(command, filter, DeadLetterState.Dead);
        command.Parameters.AddWithValue(cursor.After);
        command.Parameters.AddWithValue(cursor.UpTo);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(long, GroupName, bool)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetInt64(0), new GroupName(reader.GetString(1)), reader.GetBoolean(2)));
        }

        return found;
    }

    private async Task<long> LastNumberAsync(CancellationToken cancellationToken)
    {
        await using var command = _postgres.CreateCommand(LastNumberSql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private void AddFilter(NpgsqlCommand command, DeadLetterFilter filter, DeadLetterState? state)
    {
        command.Parameters.AddWithValue(_stream.Value);
        Add(command, NpgsqlDbType.Text, filter.Group?.Value);
        Add(command, NpgsqlDbType.Text, state switch { null => null, DeadLetterState.Dead => "dead", DeadLetterState.Redriven => "redriven", _ => "discarded" });
        foreach (var text in new[] { filter.Type, filter.Subject, filter.Error })
        {
            Add(command, NpgsqlDbType.Text, text?.Replace('\0', '\uFFFD'));
        }

        Add(command, NpgsqlDbType.TimestampTz, filter.From?.ToUniversalTime());
        Add(command, NpgsqlDbType.TimestampTz, filter.Until?.ToUniversalTime());
        Add(command, NpgsqlDbType.Array | NpgsqlDbType.Bigint, filter.Numbers?.ToArray());
    }

    private static void Add(NpgsqlCommand command, NpgsqlDbType type, object? value)
        => command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });

    private static async Task<List<DeadLetterSummary>> ReadAllAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var letters = new List<DeadLetterSummary>();
        while (await reader.ReadAsync(cancellationToken))
        {
            letters.Add(Read(reader));
        }

        return letters;
    }

    private static DeadLetterSummary Read(NpgsqlDataReader reader) => new()
    {
        Number = reader.GetInt64(0),
        Group = new GroupName(reader.GetString(1)),
        Entry = EntryId.FromInt64(reader.GetInt64(2)),
        EventId = reader.IsDBNull(3) ? null : reader.GetGuid(3),
        Type = Text(reader, 4),
        Subject = Text(reader, 5),
        Time = Time(reader, 6),
        Consumer = reader.GetString(7),
        Deliveries = reader.GetInt32(8),
        Error = reader.GetString(9),
        DeadLetteredAt = reader.GetFieldValue<DateTimeOffset>(10),
        State = reader.GetString(11) switch { "dead" => DeadLetterState.Dead, "redriven" => DeadLetterState.Redriven, _ => DeadLetterState.Discarded },
        DecidedAt = Time(reader, 12),
        DecidedBy = Text(reader, 13),
        SettledAt = Time(reader, 14),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private sealed record Loaded(DeadLetterDetails Letter, bool IsProjected);
}
