using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// The Postgres session that makes a relay the leader: it holds the advisory lock, and everything that only the leader may do goes through it. So a relay that has lost the lock cannot extend the chain.
/// Never pooled; the server ends it when nothing was heard for ten seconds, which frees the lock of a host that vanished.
/// </summary>
internal sealed class RelaySession : IAsyncDisposable
{
    private const string LockKey = "hashtextextended('fanout.relay', 0)";

    private static readonly string Read = EmbeddedText.Read("Publishing.read_outbox.sql");
    private static readonly string ReadBatch = EmbeddedText.Read("Publishing.read_batch.sql");
    private static readonly string Fix = EmbeddedText.Read("Publishing.fix_ids.sql");
    private static readonly string Bury = EmbeddedText.Read("Publishing.bury_ids.sql");
    private static readonly string LoadChain = EmbeddedText.Read("Publishing.load_chain.sql");
    private static readonly string LoadGaps = EmbeddedText.Read("Publishing.load_gaps.sql");
    private static readonly string LoadRecovery = EmbeddedText.Read("Publishing.load_recovery.sql");

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _read;
    private readonly NpgsqlCommand _fix;
    private int _limit = int.MaxValue;

    private RelaySession(NpgsqlConnection connection)
    {
        _connection = connection;
        _read = Command(Read, Parameter<long>(NpgsqlDbType.Bigint), Parameter<int>(NpgsqlDbType.Integer), Parameter<long[]>(NpgsqlDbType.Array | NpgsqlDbType.Bigint), Parameter<long[]>(NpgsqlDbType.Array | NpgsqlDbType.Bigint));
        _fix = Command(
            Fix,
            Parameter<long>(NpgsqlDbType.Bigint),
            Parameter<long>(NpgsqlDbType.Bigint),
            Parameter<NpgsqlRange<long>[]>(NpgsqlDbType.BigIntMultirange),
            Parameter<int>(NpgsqlDbType.Integer),
            Parameter<long>(NpgsqlDbType.Bigint),
            Parameter<long>(NpgsqlDbType.Bigint),
            Parameter<NpgsqlRange<long>[]>(NpgsqlDbType.BigIntMultirange),
            Parameter<long>(NpgsqlDbType.Bigint),
            Parameter<long>(NpgsqlDbType.Bigint));
    }

    /// <summary>Opens a session; it is not the leader's yet.</summary>
    public static async Task<RelaySession> OpenAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var connection = await ConnectionOfItsOwnAsync(dataSource, 0);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using (var command = connection.CreateCommand())
            {
                // Every query of this session is a walk along an index that ends after a few rows; the planner's other ideas (JIT, bitmap, sort) cost 10 to 300 times that.
                // The commit that fixes ids must survive a crash of Postgres: were it lost after the append, the same events would be given other ids.
                command.CommandText = """
                    set idle_session_timeout = '10s'; set idle_in_transaction_session_timeout = '10s'; set lock_timeout = '5s';
                    set jit = off; set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off;
                    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
                    """;
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            return new RelaySession(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Listens on a session of its own until it is cancelled or the session is lost.</summary>
    public static async Task ListenAsync(NpgsqlDataSource dataSource, string channel, Action notified, CancellationToken cancellationToken)
    {
        // Unlike the relay's, this session says nothing for long: the client's keepalive finds out when it is dead.
        await using var connection = await ConnectionOfItsOwnAsync(dataSource, keepAliveSeconds: 3);
        await connection.OpenAsync(cancellationToken);
        connection.Notification += (_, _) => notified();
        await using (var command = new NpgsqlCommand($"listen {channel}", connection))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        while (true)
        {
            await connection.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Becomes the leader, or finds that another session is.</summary>
    public async Task<bool> TryLeadAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({LockKey})", _connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return false;
        }

        await _read.PrepareAsync(cancellationToken);
        await _fix.PrepareAsync(cancellationToken);
        return true;
    }

    /// <summary>Keeps the server from ending the session; throws where it has.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select 1", _connection);
        await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<(RelayChain Chain, GapTracker Gaps)> LoadAsync(CancellationToken cancellationToken)
    {
        RelayChain chain;
        long highest, gapsFrom;
        await using (var command = new NpgsqlCommand(LoadChain, _connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return (default, new GapTracker(0, []));
            }

            var tail = await reader.IsDBNullAsync(4, cancellationToken) ? default : new EntryId(reader.GetInt64(4), reader.GetInt32(5) - 1);
            chain = new RelayChain(reader.GetInt64(0), tail, null, reader.GetInt64(1));
            (highest, gapsFrom) = (reader.GetInt64(2), reader.GetInt64(3));
        }

        if (chain.Tail != default && await FindEventAsync(chain.Tail, cancellationToken) is { } tailEvent && tailEvent != Guid.Empty)
        {
            chain = chain with { TailEvent = tailEvent };
        }

        var gaps = new List<GapTracker.Gap>();
        await using (var command = Command(LoadGaps, new NpgsqlParameter<long> { TypedValue = gapsFrom }))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                gaps.Add(new GapTracker.Gap(reader.GetInt64(2), reader.GetInt64(3), reader.GetFieldValue<ulong>(1), reader.GetInt64(0)));
            }
        }

        return (chain, new GapTracker(highest, gaps));
    }

    /// <summary>Reads what can be published and takes it into <paramref name="gaps"/>.</summary>
    /// <returns>The next batch, null where there is nothing; the gaps it opened; how many positions were given up.</returns>
    public async Task<(RelayBatch? Batch, IReadOnlyList<GapTracker.Gap> Opened, long GivenUp)> ReadAsync(GapTracker gaps, int most, long mostBytes, CancellationToken cancellationToken)
    {
        var limit = Math.Min(_limit, most);
        ((NpgsqlParameter<long>)_read.Parameters[0]).TypedValue = gaps.Highest;
        ((NpgsqlParameter<int>)_read.Parameters[1]).TypedValue = limit;
        ((NpgsqlParameter<long[]>)_read.Parameters[2]).TypedValue = [.. gaps.Gaps.Select(gap => gap.First)];
        ((NpgsqlParameter<long[]>)_read.Parameters[3]).TypedValue = [.. gaps.Gaps.Select(gap => gap.Last)];
        var batch = new RelayBatchBuilder();
        var xmin = 0UL;
        var sawAllGaps = true;
        await using (var reader = await _read.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (await reader.IsDBNullAsync(0, cancellationToken))
                {
                    xmin = reader.GetFieldValue<ulong>(9);
                    continue;
                }

                // What is left out here is read again next time. It is cut off at one point, or order would be lost.
                var position = reader.GetInt64(0);
                var late = position <= gaps.Highest;
                if (!sawAllGaps || batch.Count == limit || (batch.Count > 0 && batch.Bytes >= mostBytes))
                {
                    sawAllGaps &= !late;
                    continue;
                }

                batch.Add(reader);

                // The query reads no more than the limit from gaps: there may be further rows.
                sawAllGaps &= !late || batch.Count < limit;
            }
        }

        // Grows back by doubling once events are small again.
        _limit = batch.Bytes >= mostBytes ? Math.Max(1, (int)(batch.Count * mostBytes / batch.Bytes)) : (int)Math.Min(most, limit * 2L);
        var (opened, givenUp) = gaps.Observe([.. batch.Positions], xmin, sawAllGaps);
        return (batch.Count == 0 ? null : batch.Build(), opened, givenUp);
    }

    /// <summary>Commits the ids of a batch. When it throws, whether they were committed is unknown: load the chain again.</summary>
    /// <returns>The chain with the batch at its end.</returns>
    public async Task<RelayChain> FixAsync(RelayChain chain, RelayBatch batch, long milliseconds, GapTracker gaps, IReadOnlyList<GapTracker.Gap> opened, CancellationToken cancellationToken)
    {
        var total = chain.Total + batch.Count;
        object[] values =
        [
            milliseconds, chain.Tip, batch.PositionRanges(), batch.Count, total, gaps.Highest,
            opened.Select(gap => new NpgsqlRange<long>(gap.First, true, gap.Last + 1, false)).ToArray(),
            gaps.OldestBatch(milliseconds), RelayBatch.Checksum(batch.Ids),
        ];
        for (var i = 0; i < values.Length; i++)
        {
            _fix.Parameters[i].Value = values[i];
        }

        var xid = (ulong)(await _fix.ExecuteScalarAsync(cancellationToken))!;
        gaps.Record(milliseconds, xid);
        batch.Fix(milliseconds, chain.Tail, chain.TailEvent, neverAppended: true);
        return new RelayChain(milliseconds, batch.Last, batch.Ids[^1], total);
    }

    /// <summary>Gives the events of <paramref name="dead"/>, from the first that was not appended, new ids in one batch at the end of the chain, and declares the old ones dead.</summary>
    /// <param name="chain">The chain; <paramref name="dead"/> is its end.</param>
    /// <param name="dead">One batch or several that follow each other.</param>
    /// <param name="milliseconds">Of the new batch.</param>
    /// <param name="gaps">The gaps.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<(RelayChain Chain, RelayBatch Batch)> ReplaceAsync(RelayChain chain, IReadOnlyList<RelayBatch> dead, long milliseconds, GapTracker gaps, CancellationToken cancellationToken)
    {
        var first = dead[0];
        var left = chain with { Total = chain.Total - dead.Sum(batch => batch.Count - batch.Next), Tail = first.Before(first.Next), TailEvent = first.EventBefore(first.Next) };
        var replacement = RelayBatch.Merge(dead);
        await using var transaction = await _connection.BeginTransactionAsync(cancellationToken);
        await using (var bury = Command(
            Bury,
            new NpgsqlParameter<long> { TypedValue = first.Milliseconds },
            new NpgsqlParameter<int> { TypedValue = first.Next },
            new NpgsqlParameter<long> { TypedValue = milliseconds },
            new NpgsqlParameter<long> { TypedValue = left.Total }))
        {
            await bury.ExecuteNonQueryAsync(cancellationToken);
        }

        chain = await FixAsync(left, replacement, milliseconds, gaps, [], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (chain, replacement);
    }

    public async Task<EntryId> LoadFloorAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select trim_floor from bus.outbox_stream", _connection);
        return EntryId.FromInt64((long)(await command.ExecuteScalarAsync(cancellationToken) ?? 0L));
    }

    /// <summary>The id up to which nobody needs an entry again.</summary>
    public async Task<EntryId> LoadNeededFromAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = Command(LoadRecovery, new NpgsqlParameter<string> { TypedValue = stream.Value });
        return EntryId.FromInt64((long)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    public async Task<List<GroupName>> LoadGroupsAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = Command("select name from bus.consumer_group where stream = $1 order by name", new NpgsqlParameter<string> { TypedValue = stream.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var groups = new List<GroupName>();
        while (await reader.ReadAsync(cancellationToken))
        {
            groups.Add(new GroupName(reader.GetString(0)));
        }

        return groups;
    }

    /// <summary>Records that entries up to <paramref name="floor"/> will not be put back, before that is so.</summary>
    public async Task RaiseFloorAsync(EntryId floor, CancellationToken cancellationToken)
    {
        await using var command = Command("update bus.outbox_stream set trim_floor = $1 where trim_floor < $1", new NpgsqlParameter<long> { TypedValue = floor.Value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The live batches from <paramref name="milliseconds"/> on, oldest first.</summary>
    public async Task<List<FixedBatch>> LoadBatchesAsync(long milliseconds, int most, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "select ms, live_count, event_count, positions, checksum from bus.relay_batch where ms >= $1 order by ms limit $2",
            new NpgsqlParameter<long> { TypedValue = milliseconds },
            new NpgsqlParameter<int> { TypedValue = most });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var batches = new List<FixedBatch>();
        while (await reader.ReadAsync(cancellationToken))
        {
            batches.Add(new FixedBatch(reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetFieldValue<NpgsqlRange<long>[]>(3), reader.GetInt64(4)));
        }

        return batches;
    }

    /// <summary>Which event was given an id; null where the id is not one of the chain's live ones, <see cref="Guid.Empty"/> where the outbox no longer has the event.</summary>
    public async Task<Guid?> FindEventAsync(EntryId entry, CancellationToken cancellationToken)
    {
        var batch = (await LoadBatchesAsync(entry.Milliseconds, 1, cancellationToken)).SingleOrDefault(found => found.Milliseconds == entry.Milliseconds);
        if (batch is null || entry.Sequence >= batch.LiveCount)
        {
            return null;
        }

        var position = RelayBatch.Expand(batch.Positions)[entry.Sequence];
        await using var command = Command("select id from bus.outbox where position = $1", new NpgsqlParameter<long> { TypedValue = position });
        return (Guid?)await command.ExecuteScalarAsync(cancellationToken) ?? Guid.Empty;
    }

    /// <summary>The events of a batch that was fixed before, and their numbers in it: some may be gone from the outbox.</summary>
    public async Task<(RelayBatch Batch, int[] Numbers)> LoadEventsAsync(FixedBatch row, CancellationToken cancellationToken)
    {
        var events = new RelayBatchBuilder();
        await using (var command = Command(ReadBatch, new NpgsqlParameter { Value = row.Positions, NpgsqlDbType = NpgsqlDbType.BigIntMultirange }))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                events.Add(reader);
            }
        }

        if (events.Count == row.EventCount && RelayBatch.Checksum([.. events.Ids]) != row.Checksum)
        {
            throw new RelayConflictException(
                $"Batch {row.Milliseconds} of bus.relay_batch does not match the outbox: the ids of its events have changed since they were published. Restore bus.outbox from a backup, then restart.");
        }

        var positions = RelayBatch.Expand(row.Positions);
        return (events.Build(), [.. events.Positions.Select(position => Array.BinarySearch(positions, position))]);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static async Task<NpgsqlConnection> ConnectionOfItsOwnAsync(NpgsqlDataSource dataSource, int keepAliveSeconds)
    {
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString)
        {
            Pooling = false,
            ApplicationName = "fanout-relay",
            CommandTimeout = 10,

            // It reads thousands of rows at once: with the usual 8 KB that is a system call for every few of them.
            ReadBufferSize = 64 << 10,
            KeepAlive = keepAliveSeconds,
            TcpKeepAlive = true,
            TcpKeepAliveTime = 5,
            TcpKeepAliveInterval = 1,
        };

        // A clone, because only the data source knows the password.
        await using var template = dataSource.CreateConnection();
        return template.CloneWith(settings.ConnectionString);
    }

    private static NpgsqlParameter<T> Parameter<T>(NpgsqlDbType type) => new() { NpgsqlDbType = type };

    private NpgsqlCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection);
        command.Parameters.AddRange(parameters);
        return command;
    }

    /// <summary>A batch as Postgres has it.</summary>
    internal sealed record FixedBatch(long Milliseconds, int LiveCount, int EventCount, NpgsqlRange<long>[] Positions, long Checksum);
}
