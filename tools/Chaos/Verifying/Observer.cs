namespace FanOut.Chaos.Verifying;

/// <summary>Reads the rows of Postgres and the entries of Redis.</summary>
internal sealed class Observer(ChaosSystem system)
{
    private const int Page = 1_000;
    private const int MaxNamed = 100;
    private static readonly GroupName[] Groups = [new(Verifier.WebhookGroup), new(Verifier.AnalyticsGroup), new(Verifier.NotificationGroup)];
    private static readonly string FindOrders = EmbeddedSql.Read("Verifying.find_orders.sql");
    private static readonly string FindOutbox = EmbeddedSql.Read("Verifying.find_outbox.sql");
    private static readonly string FindEffects = EmbeddedSql.Read("Verifying.find_effects.sql");
    private static readonly string FindDeadLetters = EmbeddedSql.Read("Verifying.find_dead_letters.sql");
    private static readonly string FindRetries = EmbeddedSql.Read("Verifying.find_retries.sql");
    private static readonly string FindRevenue = EmbeddedSql.Read("Verifying.find_revenue.sql");
    private static readonly string CountPrevented = EmbeddedSql.Read("Verifying.count_prevented.sql");
    private static readonly string FindUnsent = EmbeddedSql.Read("Verifying.find_unsent.sql");
    private static readonly string FindPosition = EmbeddedSql.Read("Verifying.find_position.sql");
    private static readonly string CountOpen = EmbeddedSql.Read("Verifying.count_open.sql");

    public async Task<Observation> LookAsync(CancellationToken cancellationToken)
    {
        // Read what is in progress first, so that what finishes meanwhile is not taken for lost.
        await using var multiplexer = await system.ConnectToRedisAsync();
        var redis = multiplexer.GetDatabase();
        var waiting = new Dictionary<GroupName, (List<string> Pending, List<string> Unread)>();
        foreach (var group in Groups)
        {
            waiting[group] = await WaitingAsync(redis, group);
        }

        var onStream = await EntriesAsync(redis, StreamKeys.Stream(ChaosSystem.Stream));
        await using var connection = await system.Database.OpenConnectionAsync(cancellationToken);
        var orders = await QueryAsync(connection, FindOrders, row => new RecordedOrder(row.GetGuid(0), row.GetString(1), row.GetDecimal(2)));
        var outbox = await QueryAsync(connection, FindOutbox, row => new Effect(row.GetGuid(0), row.GetString(1)));
        var effects = (await QueryAsync(
            connection, FindEffects, row => (Group: row.GetString(0), Book: row.GetString(1), Effect: new Effect(row.GetGuid(2), row.GetString(3)))))
            .ToLookup(row => (row.Group, row.Book), row => row.Effect);
        var letters = (await QueryAsync(
            connection,
            FindDeadLetters,
            row => (
                Group: row.GetString(0),
                Letter: new RecordedDeadLetter(row.GetInt64(1), row.GetString(2), row.IsDBNull(4) ? null : row.GetString(4), row.GetString(5))
                {
                    Event = row.IsDBNull(3) ? null : row.GetGuid(3),
                },
                IsMirrored: row.GetBoolean(6)),
            ChaosSystem.Stream.Value))
            .ToLookup(row => row.Group);
        var retries = (await QueryAsync(
            connection, FindRetries, row => (Group: row.GetString(0), Event: row.GetString(1)), ChaosSystem.Stream.Value)).ToLookup(row => row.Group);
        var groups = new List<GroupObservation>();
        foreach (var group in Groups)
        {
            groups.Add(new GroupObservation
            {
                Name = group.Value,
                Effects = [.. effects[(group.Value, "")]],
                FurtherEffects = group.Value == Verifier.WebhookGroup
                    ? new Dictionary<string, IReadOnlyList<Effect>> { ["deliveries"] = [.. effects[(group.Value, "deliveries")]] }
                    : new Dictionary<string, IReadOnlyList<Effect>>(),
                DeadLetters = [.. letters[group.Value].Select(row => row.Letter)],
                Unmirrored = [.. letters[group.Value].Where(row => !row.IsMirrored).Select(row => row.Letter.Entry)],
                LettersOnStream =
                [
                    .. (await EntriesAsync(redis, StreamKeys.DeadLetters(ChaosSystem.Stream, group))).Select(entry => (long)entry["dlq-number"]),
                ],
                Retries = [.. retries[group.Value].Select(row => row.Event)],
                Pending = waiting[group].Pending,
                Unread = waiting[group].Unread,
            });
        }

        return new Observation
        {
            Orders = orders,
            Outbox = outbox,
            Groups = groups,
            OnStream = [.. onStream.Select(EventOf).OfType<Guid>()],
            Revenue = (await QueryAsync(connection, FindRevenue, row => (row.GetInt64(0), row.GetDecimal(1))))[0],
            Prevented = (await QueryAsync(connection, CountPrevented, row => row.GetInt64(0)))[0],
            Unsent = await QueryAsync(connection, FindUnsent, row => row.GetString(0)),
            WebhooksReceived = system.Webhooks.Received.Keys.ToHashSet(),
        };

        async Task<List<T>> QueryAsync<T>(NpgsqlConnection session, string sql, Func<NpgsqlDataReader, T> read, params string[] parameters)
        {
#pragma warning disable CA2100 // The SQL is one of this project's files.
            await using var command = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
            Array.ForEach(parameters, parameter => command.Parameters.AddWithValue(parameter));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }

            return rows;
        }
    }

    /// <summary>The highest position of the outbox.</summary>
    public async Task<long> PositionAsync(CancellationToken cancellationToken)
    {
        await using var command = system.Database.CreateCommand(FindPosition);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>How many effects of these events are missing.</summary>
    public async Task<long> CountOpenAsync(long after, long upTo, CancellationToken cancellationToken)
    {
        await using var command = system.Database.CreateCommand(CountOpen);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(upTo);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Entries of the stream that are pending, and those that are not delivered yet.</summary>
    private static async Task<(List<string> Pending, List<string> Unread)> WaitingAsync(IDatabase redis, GroupName group)
    {
        var key = StreamKeys.Stream(ChaosSystem.Stream);
        var groups = await redis.KeyExistsAsync(key) ? await redis.StreamGroupInfoAsync(key) : [];
        if (groups.FirstOrDefault(info => info.Name == group.Value).LastDeliveredId is not { } last)
        {
            return ([], [$"{key} has no group {group}"]);
        }

        var pending = await redis.StreamPendingMessagesAsync(key, group.Value, MaxNamed, RedisValue.Null);
        var unread = await redis.StreamRangeAsync(key, $"({last}", "+", MaxNamed);
        return ([.. pending.Select(entry => $"{entry.MessageId} ({entry.ConsumerName})")], [.. unread.Select(entry => entry.Id.ToString())]);
    }

    private static Guid? EventOf(StreamEntry entry) =>
        entry.Values is [{ Name: var position }, { Name: var name, Value: var value }, ..] && position == "position" && name == "id"
        && Guid.TryParse(value.ToString(), out var id) ? id : null;

    private static async Task<List<StreamEntry>> EntriesAsync(IDatabase redis, RedisKey key)
    {
        var all = new List<StreamEntry>();
        for (RedisValue from = "-"; ; from = $"({all[^1].Id}")
        {
            var page = await redis.StreamRangeAsync(key, from, "+", Page);
            all.AddRange(page);
            if (page.Length < Page)
            {
                return all;
            }
        }
    }
}
