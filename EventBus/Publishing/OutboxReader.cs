using System.Buffers;
using System.Globalization;
using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>The relay's connection to Postgres, on which it only reads, but for a new generation.</summary>
internal sealed class OutboxReader(OutboxStart start, NpgsqlDataSource postgres, OutboxOptions options, TimeProvider time) : IAsyncDisposable
{
    private const int FirstBuffer = 64 << 10;
    private const long Ahead = 100_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private static readonly string ReadSql = EmbeddedText.Read("Publishing.read_outbox.sql");
    private static readonly string ReadGapsSql = EmbeddedText.Read("Publishing.read_gaps.sql");
    private static readonly string CompareSql = EmbeddedText.Read("Publishing.compare_state.sql");
    private static readonly string BeginGenerationSql = EmbeddedText.Read("Publishing.begin_generation.sql");

    private NpgsqlConnection? _connection;
    private int _limit = int.MaxValue;

    // While no rows come, some reads look beyond the bound too: a sequence may have been set far ahead. They cost more, for Postgres plans them
    // for every partition ahead.
    private bool _wasEmpty = true;
    private long? _lookedFarAt;

    public StreamIdentity Stream => start.Stream;

    /// <summary>Opens a new connection, never one of a pool: that may lead to a server that was demoted meanwhile.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await CloseAsync();
        var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Pooling = false,
            CommandTimeout = (int)Timeout.TotalSeconds,

            // It reads thousands of rows at once: with the usual 8 KB that is a system call for every few of them.
            ReadBufferSize = FirstBuffer,
            TcpKeepAlive = true,
            TcpKeepAliveTime = 5,
            TcpKeepAliveInterval = 1,
        };

        // A clone, because only the data source knows the password.
        await using var template = postgres.CreateConnection();
        _connection = template.CloneWith(settings.ConnectionString);
        await _connection.OpenAsync(cancellationToken);
    }

    public async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    /// <summary>Asks what the database says of a state.</summary>
    /// <returns>Null where the stream is no longer in bus.stream.</returns>
    public async Task<OutboxFound?> CompareAsync(StreamState? state, CancellationToken cancellationToken)
    {
        await using var command = Command(
            Stream.Sql(CompareSql),
            new NpgsqlParameter<int> { TypedValue = Stream.Id },
            new NpgsqlParameter<long> { TypedValue = state?.Position ?? 0 },
            new NpgsqlParameter<Guid> { TypedValue = state?.Event ?? Guid.Empty });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var history = new OutboxHistory(
            reader.GetFieldValue<Guid>(reader.GetOrdinal("outbox")),
            reader.GetFieldValue<int>(reader.GetOrdinal("generation")),
            reader.GetFieldValue<Guid[]>(reader.GetOrdinal("earlier_outboxes")));
        return new OutboxFound(history)
        {
            IsReadOnly = reader.GetFieldValue<bool>(reader.GetOrdinal("is_read_only")),
            ServerStarted = reader.GetFieldValue<DateTime>(reader.GetOrdinal("server_started")),
            LowestDoneThrough = reader.GetFieldValue<long>(reader.GetOrdinal("lowest_done_through")),
            Highest = reader.GetFieldValue<long>(reader.GetOrdinal("highest")),
            HasEvent = reader.GetFieldValue<bool>(reader.GetOrdinal("has_event")),
        };
    }

    /// <summary>Commits a new generation with a new outbox id.</summary>
    /// <returns>Null where another one had been committed.</returns>
    public async Task<OutboxHistory?> BeginGenerationAsync(OutboxHistory history, CancellationToken cancellationToken) =>
        await BeginGenerationAsync(_connection!, Stream, history, history.Generation + 1, [history.Outbox], cancellationToken);

    /// <param name="connection">An open connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="history">What the database must still say.</param>
    /// <param name="generation">The new generation, above all that there ever were.</param>
    /// <param name="earlier">The outbox ids that are now earlier ones.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<OutboxHistory?> BeginGenerationAsync(
        NpgsqlConnection connection, StreamIdentity stream, OutboxHistory history, int generation, Guid[] earlier,
        CancellationToken cancellationToken)
    {
        var next = new OutboxHistory(Guid.NewGuid(), generation, [.. history.Earlier, .. earlier]);
        await using var command = new NpgsqlCommand(BeginGenerationSql, connection);
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(next.Generation);
        command.Parameters.AddWithValue(next.Outbox);
        command.Parameters.AddWithValue(history.Outbox);
        command.Parameters.AddWithValue(history.Generation);
        command.Parameters.AddWithValue(earlier);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? next : null;
    }

    /// <summary>Reads what can be published.</summary>
    public async Task<OutboxPage> ReadAsync(GapTracker gaps, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        var limit = Math.Min(options.BatchSize, _limit);
        var looksFar = _wasEmpty && (_lookedFarAt is not { } last || time.GetElapsedTime(last) >= options.PollInterval / 2);
        _lookedFarAt = looksFar ? time.GetTimestamp() : _lookedFarAt;
        try
        {
            await using var copy = await _connection!.BeginRawBinaryCopyAsync(Sql(gaps, limit, looksFar), timeout.Token);
            var (buffer, length) = (ArrayPool<byte>.Shared.Rent(FirstBuffer), 0);
            while (true)
            {
                var count = await copy.ReadAsync(buffer.AsMemory(length), timeout.Token);
                length += count;
                if ((count == 0 || length >= options.BatchBytes) && OutboxPage.TryRead(buffer, length, count == 0, limit) is { } page)
                {
                    // Where rows are large, the next read asks for no more of them than fit.
                    _wasEmpty = page.Count == 0;
                    _limit = count == 0 ? (int)Math.Min(int.MaxValue, 2L * limit) : page.Count;
                    return page;
                }

                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(2 * length);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NpgsqlException($"Postgres did not answer within {Timeout}.", e);
        }
    }

    /// <summary>Whose events the stream may carry. Asked on a connection of its own: a relay that stands by has none.</summary>
    public Task<OutboxHistory> ReadHistoryAsync(CancellationToken cancellationToken) => start.ReadHistoryAsync(cancellationToken);

    public ValueTask DisposeAsync() => CloseAsync();

    private string Sql(GapTracker gaps, int limit, bool looksFar)
    {
        var (open, highest) = (gaps.Gaps, gaps.Highest);
        var late = open.Count == 0 ? "" : Fill(
            ReadGapsSql,
            ("lowest", Number(open[0].First)),
            ("highest", Number(open[^1].Last)),
            ("firsts", string.Join(',', open.Select(gap => Number(gap.First)))),
            ("lasts", string.Join(',', open.Select(gap => Number(gap.Last)))));
        var sql = Fill(
            ReadSql,
            ("gaps", late),
            ("highest", Number(highest)),
            ("bound", Number(looksFar ? long.MaxValue : highest + Ahead)),
            ("limit", Number(limit)),
            ("xid", gaps.NeedsXid ? "true" : "false"));
        return $"copy ({Stream.Sql(sql)}) to stdout (format binary)";
    }

    private static string Fill(string sql, params ReadOnlySpan<(string Name, string Value)> values)
    {
        foreach (var (name, value) in values)
        {
            sql = sql.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        }

        return sql;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private NpgsqlCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection);
        command.Parameters.AddRange(parameters);
        return command;
    }
}

/// <summary>What the database says of the state that was found beside the stream.</summary>
/// <param name="History">Whose events the stream may carry.</param>
internal sealed record OutboxFound(OutboxHistory History)
{
    public required bool IsReadOnly { get; init; }

    /// <summary>Which server says so.</summary>
    public required DateTime ServerStarted { get; init; }

    /// <summary>Every group has taken what is at or below, and the outbox may be pruned there; 0 where there is no group.</summary>
    public required long LowestDoneThrough { get; init; }

    /// <summary>The highest committed position.</summary>
    public required long Highest { get; init; }

    /// <summary>Whether the outbox has the state's event.</summary>
    public required bool HasEvent { get; init; }
}
