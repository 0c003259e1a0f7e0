using System.Data;
using System.Text;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retention;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Ledger;

/// <summary>
/// Compares the outbox, the chain of batches, the stream and the inbox of every group, event by event, and names what is missing, doubled or stuck. Reads only, and may be used while everything runs: Redis is asked
/// first and Postgres looks at one moment after that, so what was on its way then is on its way or done, and nothing in motion is taken for lost. The reclaimer's ledger does the cheap part of this all the time.
/// </summary>
/// <param name="redis">The Redis of the stream. Stays the caller's.</param>
/// <param name="postgres">The database with the outbox and the inbox. Stays the caller's.</param>
public sealed class StreamVerifier(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    /// <summary>The most findings that are named; the others are counted.</summary>
    public const int MostFindings = 1_000;

    private const int EventsAtOnce = 20_000;
    private const int EntriesAtOnce = 1_000;
    private const int MostRedriven = 10_000;
    private const int Patience = 5;
    private static readonly TimeSpan PublishWithin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SettleWithin = TimeSpan.FromMinutes(5);
    private static readonly EmbeddedScript ProgressScript = new("Reclaiming.snapshot_progress.lua");
    private static readonly EmbeddedScript EntriesScript = new("Ledger.list_entries.lua");
    private static readonly string OutboxSql = EmbeddedText.Read("Ledger.look_at_outbox.sql");
    private static readonly string UnpublishedSql = EmbeddedText.Read("Ledger.find_unpublished.sql");
    private static readonly string PublishedSql = EmbeddedText.Read("Ledger.find_published.sql");
    private static readonly string TwiceSql = EmbeddedText.Read("Ledger.find_published_twice.sql");
    private static readonly string KnownSql = EmbeddedText.Read("Ledger.find_known_events.sql");
    private static readonly string BooksSql = EmbeddedText.Read("Ledger.read_books.sql");
    private static readonly string EventsSql = EmbeddedText.Read("Ledger.find_events.sql");
    private static readonly string FloorSql = EmbeddedText.Read("Ledger.read_floor.sql");

    /// <summary>Verifies a stream.</summary>
    /// <param name="stream">A stream that an outbox feeds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="InvalidOperationException">No outbox of this database feeds the stream.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamVerification> VerifyAsync(StreamName stream, CancellationToken cancellationToken = default)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        return await VerifyAsync(stream, transaction, cancellationToken);
    }

    /// <summary>Verifies a stream in a transaction of the caller's, who can then compare tables of its own as they were at the same moment.</summary>
    /// <param name="stream">A stream that an outbox feeds.</param>
    /// <param name="transaction">A repeatable read transaction in which nothing has been read yet. Stays the caller's, and open.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was seen.</returns>
    /// <exception cref="ArgumentException"><paramref name="transaction"/> is not repeatable read.</exception>
    /// <exception cref="InvalidOperationException">No outbox of this database feeds the stream.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<StreamVerification> VerifyAsync(StreamName stream, NpgsqlTransaction transaction, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        if (transaction.IsolationLevel is not (IsolationLevel.RepeatableRead or IsolationLevel.Serializable))
        {
            throw new ArgumentException("The transaction must be repeatable read: everything is to be seen as it was at one moment.", nameof(transaction));
        }

        var looks = new Dictionary<RegisteredGroup, GroupLook?>();
        foreach (var group in await new RegisteredGroups(postgres).FindAsync(stream, cancellationToken))
        {
            looks.Add(group, await LookAsync(group));
        }

        var connection = transaction.Connection!;
        var outbox = await ReadOutboxAsync(connection, stream, cancellationToken)
            ?? throw new InvalidOperationException($"No outbox of this database feeds the stream '{stream}': nobody knows what was published on it.");
        if (await IsOnStreamAsync(stream, outbox.Tail))
        {
            outbox = outbox with { Settled = outbox.Tail };
        }

        var findings = new Findings();
        var unpublished = await FindUnpublishedAsync(connection, findings, cancellationToken);
        await FindTwiceAsync(connection, findings, cancellationToken);
        var (onStream, foreign) = await CompareStreamAsync(connection, stream, outbox, findings, cancellationToken);
        var groups = new List<GroupVerification>();
        foreach (var (group, look) in looks)
        {
            groups.Add(await CompareGroupAsync(connection, group, look, outbox, findings, cancellationToken));
        }

        return new StreamVerification
        {
            Stream = stream,
            OutboxEvents = outbox.Events,
            Unpublished = unpublished,
            Published = outbox.Published,
            Removed = outbox.Removed,
            OnStream = onStream,
            Foreign = foreign,
            Groups = groups,
            Findings = findings.Named,
            FindingCount = findings.Count,
        };
    }

    /// <returns>Null where Redis does not have the group.</returns>
    private async Task<GroupLook?> LookAsync(RegisteredGroup group)
    {
        // What was delivered last before what is pending: what was delivered in between then counts as not delivered yet, and nothing falls through.
        var reply = (RedisResult[])(await ProgressScript.RunAsync(redis.GetDatabase(), [group.StreamKey, group.RedriveKey], [group.Name.Value, MostRedriven, "", ""]))!;
        if (reply[0].ToString() is not { Length: > 0 } last)
        {
            return null;
        }

        var look = new GroupLook(Parse(last) ?? long.MaxValue, (int)reply[2] == 1);
        foreach (var id in ((RedisValue[])reply[3]!).Select(id => Parse(id.ToString())))
        {
            look.Redriven.Add(id ?? -1);
        }

        for (RedisValue from = "-"; ;)
        {
            var page = await redis.GetDatabase().StreamPendingMessagesAsync(group.StreamKey, group.Name.Value, EntriesAtOnce, RedisValue.Null, from, "+");
            foreach (var entry in page)
            {
                if (Parse(entry.MessageId.ToString()) is { } id)
                {
                    look.Pending[id] = (entry.ConsumerName == StreamKeys.ParkedConsumer, TimeSpan.FromMilliseconds(entry.IdleTimeInMilliseconds), entry.ConsumerName.ToString());
                }
            }

            if (page.Length < EntriesAtOnce)
            {
                return look;
            }

            from = $"({page[^1].MessageId}";
        }
    }

    private static async Task<OutboxLook?> ReadOutboxAsync(NpgsqlConnection connection, StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OutboxSql, connection) { Parameters = { new() { Value = stream.Value } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5))
            : null;
    }

    /// <summary>Entries are appended in order: where the last one stands, none is still to be appended.</summary>
    private async Task<bool> IsOnStreamAsync(StreamName stream, long entry)
    {
        var id = EntryId.FromInt64(entry).ToString();
        return entry > 0 && (await redis.GetDatabase().StreamRangeAsync(StreamKeys.Stream(stream), id, id, 1)).Length == 1;
    }

    private static async Task<long> FindUnpublishedAsync(NpgsqlConnection connection, Findings findings, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(UnpublishedSql, connection) { CommandTimeout = 0, Parameters = { new() { Value = MostFindings } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var count = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            count = reader.GetInt64(4);
            if (reader.GetFieldValue<bool?>(3) == true)
            {
                findings.Add(new(
                    VerificationFindingKind.Stuck, null, null, reader.GetGuid(1), reader.GetString(2),
                    $"In the outbox at position {reader.GetInt64(0)}, and not published after {PublishWithin}: see the relay's health, and its log."));
            }
        }

        return count;
    }

    private static async Task FindTwiceAsync(NpgsqlConnection connection, Findings findings, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(TwiceSql, connection) { CommandTimeout = 0, Parameters = { new() { Value = MostFindings } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            findings.Add(new(
                VerificationFindingKind.Doubled, null, EntryId.FromInt64(reader.GetInt64(2)), reader.IsDBNull(0) ? null : reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetString(1),
                $"Published under {reader.GetInt64(3)} ids: each group has done it as often."));
        }
    }

    /// <returns>How many published events the stream has, and how many entries that nobody published.</returns>
    private async Task<(long OnStream, long Foreign)> CompareStreamAsync(NpgsqlConnection connection, StreamName stream, OutboxLook outbox, Findings findings, CancellationToken cancellationToken)
    {
        var (onStream, foreign, from) = (0L, 0L, outbox.Before);
        var absent = new List<PublishedEvent>();
        var strangers = new List<(long Entry, string EventId)>();
        while (from < outbox.Tail)
        {
            var published = await FindPublishedAsync(connection, from, outbox.Tail, cancellationToken);
            if (published.Count == 0)
            {
                break;
            }

            var to = published[^1].Entry;
            var (entries, others) = await ListEntriesAsync(stream, from + 1, to);
            foreign += others;
            foreach (var each in published)
            {
                if (entries.Remove(each.Entry, out var id) && (each.EventId is null || (Guid.TryParse(id, out var found) && found == each.EventId)))
                {
                    onStream++;
                }
                else
                {
                    absent.Add(each);
                }
            }

            foreign += entries.Count;
            strangers.AddRange(entries.Where(entry => entry.Value.Length > 0).Select(entry => (entry.Key, entry.Value)));
            from = to;
        }

        // Whoever trims raises the floor first, so what is not there by now was trimmed, if it is below the floor of now. What the relay still has to append is not there yet.
        var floor = await ReadFloorAsync(stream, cancellationToken);
        foreach (var each in absent.Where(each => each.Entry > floor && each.Entry <= outbox.Settled))
        {
            findings.Add(new(
                VerificationFindingKind.Missing, null, EntryId.FromInt64(each.Entry), each.EventId, each.Subject,
                "Published, and not on the stream: Redis has lost it, or somebody deleted it. The relay puts it back once it finds the stream's end lost; the ledger delivers it to groups that missed it."));
        }

        await FindCopiesAsync(connection, strangers, findings, cancellationToken);
        return (onStream, foreign);
    }

    private static async Task<List<PublishedEvent>> FindPublishedAsync(NpgsqlConnection connection, long from, long to, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PublishedSql, connection) { Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = EventsAtOnce } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var published = new List<PublishedEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.GetInt64(0) > from)
            {
                published.Add(new(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetGuid(1), reader.IsDBNull(2) ? null : reader.GetString(2)));
            }
        }

        return published;
    }

    /// <returns>The entries with the event ids that they carry, and how many have ids that no event of ours can have.</returns>
    private async Task<(Dictionary<long, string> Entries, int Others)> ListEntriesAsync(StreamName stream, long from, long to)
    {
        var (entries, others) = (new Dictionary<long, string>(), 0);
        for (var first = EntryId.FromInt64(from).ToString(); ;)
        {
            var reply = (RedisValue[])(await EntriesScript.RunAsync(redis.GetDatabase(), [StreamKeys.Stream(stream)], [first, EntryId.FromInt64(to).ToString(), EntriesAtOnce]))!;
            for (var i = 0; i < reply.Length; i += 2)
            {
                if (Parse(reply[i].ToString()) is { } id)
                {
                    entries[id] = reply[i + 1].ToString();
                }
                else
                {
                    others++;
                }
            }

            if (reply.Length < 2 * EntriesAtOnce)
            {
                return (entries, others);
            }

            first = $"({reply[^2]}";
        }
    }

    private async Task<long> ReadFloorAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(FloorSql);
        command.Parameters.AddWithValue(stream.Value);
        return (long?)await command.ExecuteScalarAsync(cancellationToken) ?? 0;
    }

    private static async Task FindCopiesAsync(NpgsqlConnection connection, List<(long Entry, string EventId)> strangers, Findings findings, CancellationToken cancellationToken)
    {
        foreach (var page in strangers.Where(stranger => Guid.TryParse(stranger.EventId, out _)).Chunk(EntriesAtOnce))
        {
            var entries = page.GroupBy(stranger => Guid.Parse(stranger.EventId)).ToDictionary(copies => copies.Key, copies => copies.First().Entry);
            await using var command = new NpgsqlCommand(KnownSql, connection) { Parameters = { new() { Value = entries.Keys.ToArray() } } };
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                findings.Add(new(
                    VerificationFindingKind.Doubled, null, EntryId.FromInt64(entries[reader.GetGuid(0)]), reader.GetGuid(0), reader.GetString(1),
                    "An entry that no relay wrote carries this event a second time: each group does it under that id too. Find out who writes to the stream."));
            }
        }
    }

    private static async Task<GroupVerification> CompareGroupAsync(
        NpgsqlConnection connection, RegisteredGroup group, GroupLook? look, OutboxLook outbox, Findings findings, CancellationToken cancellationToken)
    {
        var books = await ReadBooksAsync(connection, group, cancellationToken);
        if (look is null)
        {
            findings.Add(new(VerificationFindingKind.Stuck, group.Name, null, null, null, "Redis does not have the group. A worker or the reclaimer creates it again at its checkpoint: see that one of them runs."));
        }

        foreach (var (id, (_, idle, consumer)) in look?.Pending ?? [])
        {
            if (idle > books.LeftAlone * Patience)
            {
                findings.Add(new(VerificationFindingKind.Stuck, group.Name, EntryId.FromInt64(id), null, null, $"Pending with '{consumer}' without a sign of life for {idle:d\\.hh\\:mm\\:ss}: see that the reclaimer and a worker of the group run."));
            }
        }

        if (books.LateProjections > 0)
        {
            findings.Add(new(VerificationFindingKind.Stuck, group.Name, null, null, null, $"{books.LateProjections} dead letter(s) are not on the DLQ stream after {SettleWithin}: see that the reclaimer runs."), books.LateProjections);
        }

        if (books.LateRedrives > 0)
        {
            findings.Add(new(VerificationFindingKind.Stuck, group.Name, null, null, null, $"{books.LateRedrives} redriven event(s) are not done after {SettleWithin}: see that the reclaimer and a worker of the group run."), books.LateRedrives);
        }

        var (undelivered, pending, parked, redriven) = (0L, 0L, 0L, 0L);
        var missing = new List<long>();
        var more = true;
        for (var from = Math.Max(books.NotDue, outbox.Before); more && from < outbox.Tail;)
        {
            (var last, more, var ranges) = await InboxLedger.FindMissingAsync(connection, group, from, outbox.Tail, EventsAtOnce, cancellationToken);
            if (last is not { } edge)
            {
                break;
            }

            var redrives = await InboxLedger.FindRedrivenAsync(connection, group, [.. ranges.SelectMany(range => Ids(range).TakeWhile(id => look is not null && id <= look.LastDelivered))], cancellationToken);
            foreach (var range in ranges)
            {
                if (look is null || range.From > look.LastDelivered)
                {
                    undelivered += range.Length;
                    continue;
                }

                foreach (var id in Ids(range))
                {
                    if (id > look.LastDelivered || id > outbox.Settled)
                    {
                        undelivered++;
                    }
                    else if (look.Pending.TryGetValue(id, out var entry))
                    {
                        _ = entry.IsParked ? parked++ : pending++;
                    }
                    else if (redrives.Contains(id) || look.Redriven.Contains(id) || look.HasMoreRedriven)
                    {
                        redriven++;
                    }
                    else
                    {
                        missing.Add(id);
                    }
                }
            }

            from = edge;
        }

        await NameMissingAsync(connection, group, missing, findings, cancellationToken);
        return new GroupVerification
        {
            Group = group.Name,
            Done = books.Done,
            Undelivered = undelivered,
            Pending = pending,
            Parked = parked,
            Redriven = redriven,
            DeadLetters = books.Dead,
            Discarded = books.Discarded,
            Missing = missing.Count,
        };
    }

    private static async Task<Books> ReadBooksAsync(NpgsqlConnection connection, RegisteredGroup group, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(BooksSql, connection)
        {
            Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value }, new() { Value = SettleWithin.TotalSeconds } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), TimeSpan.FromSeconds(reader.GetDouble(7)))
            : new(0, 0, 0, 0, 0, 0, group.ReclaimAfter + group.LaneTimeout);
    }

    private static async Task NameMissingAsync(NpgsqlConnection connection, RegisteredGroup group, List<long> missing, Findings findings, CancellationToken cancellationToken)
    {
        var named = missing.Take(MostFindings).ToArray();
        if (named.Length == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand(EventsSql, connection) { Parameters = { new() { Value = named } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var isKnown = !reader.IsDBNull(0);
            findings.Add(new(
                VerificationFindingKind.Missing, group.Name, EntryId.FromInt64(reader.GetInt64(9)), isKnown ? reader.GetGuid(1) : null, isKnown ? reader.GetString(4) : null,
                isKnown
                    ? "Published, and neither done nor pending nor a dead letter: something trimmed or deleted it, or its consumer. The reclaimer delivers it again within seconds, where one runs."
                    : "Neither done nor pending nor a dead letter, and no longer in the outbox: lost for good. Restore the outbox's row from a backup."));
        }

        findings.Count += missing.Count - named.Length;
    }

    private static IEnumerable<long> Ids(EntryRange range)
    {
        for (var id = range.From; id < range.To; id++)
        {
            yield return id;
        }
    }

    private static long? Parse(string? id) => EntryId.TryParse(Encoding.ASCII.GetBytes(id ?? ""), out var entry) ? entry.Value : null;

    private sealed class Findings
    {
        private readonly List<VerificationFinding> _named = [];

        public long Count { get; set; }

        public IReadOnlyList<VerificationFinding> Named => _named;

        public void Add(VerificationFinding finding, long count = 1)
        {
            Count += count;
            if (_named.Count < MostFindings)
            {
                _named.Add(finding);
            }
        }
    }

    private sealed record GroupLook(long LastDelivered, bool HasMoreRedriven)
    {
        public Dictionary<long, (bool IsParked, TimeSpan Idle, string Consumer)> Pending { get; } = [];

        public HashSet<long> Redriven { get; } = [];
    }

    /// <param name="Events">Rows.</param>
    /// <param name="Published">Live events of the whole chain.</param>
    /// <param name="Removed">Those of batches that are gone.</param>
    /// <param name="Before">The id before the oldest batch that is kept.</param>
    /// <param name="Tail">The last live entry.</param>
    /// <param name="Settled">Everything up to here has been appended.</param>
    private sealed record OutboxLook(long Events, long Published, long Removed, long Before, long Tail, long Settled);

    private sealed record PublishedEvent(long Entry, Guid? EventId, string? Subject);

    /// <param name="Done">Events.</param>
    /// <param name="Dead">Dead letters that nobody has decided about.</param>
    /// <param name="Discarded">Dead letters.</param>
    /// <param name="LateProjections">Dead letters that the DLQ stream lacks.</param>
    /// <param name="LateRedrives">Redriven letters.</param>
    /// <param name="NotDue">Up to here the group is due nothing.</param>
    /// <param name="LeftAlone">After what time without a sign of life an entry is handed over.</param>
    private sealed record Books(long Done, long Dead, long Discarded, long LateProjections, long LateRedrives, long NotDue, TimeSpan LeftAlone);
}
