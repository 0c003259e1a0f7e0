using FanOut.Chaos.Running;
using FanOut.EventBus;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Chaos.Verifying;

/// <summary>Looks at what is there. Nobody's word is taken for it: rows and entries are read themselves.</summary>
internal sealed class Observer(ChaosSystem system)
{
    private const int Page = 1_000;
    private const int MostNamed = 100;
    private static readonly GroupName[] Groups = [new(Verifier.WebhookGroup), new(Verifier.AnalyticsGroup), new(Verifier.NotificationGroup)];
    private static readonly string FindOrders = EmbeddedSql.Read("Verifying.find_orders.sql");
    private static readonly string FindOutbox = EmbeddedSql.Read("Verifying.find_outbox.sql");
    private static readonly string FindEffects = EmbeddedSql.Read("Verifying.find_effects.sql");
    private static readonly string FindDeadLetters = EmbeddedSql.Read("Verifying.find_dead_letters.sql");
    private static readonly string FindRevenue = EmbeddedSql.Read("Verifying.find_revenue.sql");
    private static readonly string CountPrevented = EmbeddedSql.Read("Verifying.count_prevented.sql");
    private static readonly string FindUnsent = EmbeddedSql.Read("Verifying.find_unsent.sql");
    private static readonly string FindPosition = EmbeddedSql.Read("Verifying.find_position.sql");
    private static readonly string CountOpen = EmbeddedSql.Read("Verifying.count_open.sql");

    public async Task<Observation> LookAsync(CancellationToken cancellationToken)
    {
        // On its way first: what finishes meanwhile is then seen as finished, not as lost.
        await using var redis = await system.ConnectToRedisAsync();
        var groups = new List<GroupObservation>();
        var waiting = new Dictionary<GroupName, (List<string> Pending, List<string> Unread)>();
        foreach (var group in Groups)
        {
            waiting[group] = (await PendingAsync(redis.GetDatabase(), group), await UnreadAsync(redis.GetDatabase(), group));
        }

        var onStream = await EventsAsync(redis.GetDatabase());
        await using var connection = await system.Database.OpenConnectionAsync(cancellationToken);
        var orders = await QueryAsync(connection, FindOrders, row => new RecordedOrder(row.GetGuid(0), row.GetString(1), row.GetDecimal(2)), cancellationToken);
        var outbox = await QueryAsync(connection, FindOutbox, row => new Effect(row.GetGuid(0), row.GetString(1)), cancellationToken);
        var effects = (await QueryAsync(connection, FindEffects, row => (Group: row.GetString(0), Book: row.GetString(1), Effect: new Effect(row.GetGuid(2), row.GetString(3))), cancellationToken))
            .ToLookup(row => (row.Group, row.Book), row => row.Effect);
        var letters = (await QueryAsync(
                connection,
                FindDeadLetters,
                row => (
                    Group: row.GetString(0),
                    Letter: new RecordedDeadLetter(EntryId.FromInt64(row.GetInt64(1)).ToString(), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3)),
                    IsProjected: row.GetBoolean(4)),
                cancellationToken,
                ChaosSystem.Stream.Value))
            .ToLookup(row => row.Group);
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
                Unprojected = [.. letters[group.Value].Where(row => !row.IsProjected).Select(row => row.Letter.Entry)],
                LettersOnStream = await LettersAsync(redis.GetDatabase(), group),
                Pending = waiting[group].Pending,
                Unread = waiting[group].Unread,
            });
        }

        return new Observation
        {
            Orders = orders,
            Outbox = outbox,
            Groups = groups,
            OnStream = onStream,
            MovedAside = await MovedAsideAsync(redis.GetDatabase()),
            Revenue = (await QueryAsync(connection, FindRevenue, row => (row.GetInt64(0), row.GetDecimal(1)), cancellationToken))[0],
            Prevented = (await QueryAsync(connection, CountPrevented, row => row.GetInt64(0), cancellationToken))[0],
            Unsent = await QueryAsync(connection, FindUnsent, row => row.GetString(0), cancellationToken),
            WebhooksReceived = system.Webhooks.Received.Keys.ToHashSet(),
        };
    }

    /// <summary>How far the outbox goes at the moment.</summary>
    public async Task<long> PositionAsync(CancellationToken cancellationToken)
    {
        await using var command = system.Database.CreateCommand(FindPosition);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>How much of the outbox is still to take effect.</summary>
    public async Task<long> CountOpenAsync(long after, long upTo, CancellationToken cancellationToken)
    {
        await using var command = system.Database.CreateCommand(CountOpen);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(upTo);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<List<string>> PendingAsync(IDatabase redis, GroupName group)
    {
        var pending = new List<string>();
        foreach (var key in new[] { StreamKeys.Stream(ChaosSystem.Stream), StreamKeys.Redrive(ChaosSystem.Stream, group) })
        {
            if (await FindGroupAsync(redis, key, group) is not null)
            {
                pending.AddRange((await redis.StreamPendingMessagesAsync(key, group.Value, MostNamed, RedisValue.Null)).Select(entry => $"{entry.MessageId} ({entry.ConsumerName})"));
            }
        }

        return pending;
    }

    private static async Task<List<string>> UnreadAsync(IDatabase redis, GroupName group)
    {
        var unread = new List<string>();
        foreach (var key in new[] { StreamKeys.Stream(ChaosSystem.Stream), StreamKeys.Redrive(ChaosSystem.Stream, group) })
        {
            if (await FindGroupAsync(redis, key, group) is not { } last)
            {
                unread.Add($"{key} has no group {group}");
                continue;
            }

            unread.AddRange((await redis.StreamRangeAsync(key, $"({last}", "+", MostNamed)).Select(entry => entry.Id.ToString()));
        }

        return unread;
    }

    /// <returns>What was delivered to the group last; null where there is no such group.</returns>
    private static async Task<string?> FindGroupAsync(IDatabase redis, RedisKey key, GroupName group)
    {
        if (!await redis.KeyExistsAsync(key))
        {
            return null;
        }

        var found = (await redis.StreamGroupInfoAsync(key)).Where(info => info.Name == group.Value).ToArray();
        return found.Length == 0 ? null : found[0].LastDeliveredId;
    }

    private static async Task<List<Guid>> EventsAsync(IDatabase redis)
    {
        var events = new List<Guid>();
        await foreach (var entry in EntriesAsync(redis, StreamKeys.Stream(ChaosSystem.Stream)))
        {
            if (entry.Values.Length > 1 && entry.Values[0].Name == "id" && Guid.TryParse(entry.Values[0].Value.ToString(), out var id))
            {
                events.Add(id);
            }
        }

        return events;
    }

    private static async Task<List<string>> LettersAsync(IDatabase redis, GroupName group)
    {
        var letters = new List<string>();
        await foreach (var entry in EntriesAsync(redis, StreamKeys.DeadLetters(ChaosSystem.Stream, group)))
        {
            letters.Add(entry["dlq-entry"].ToString());
        }

        return letters;
    }

    private static async Task<HashSet<string>> MovedAsideAsync(IDatabase redis)
    {
        var moved = new HashSet<string>();
        await foreach (var entry in EntriesAsync(redis, StreamKeys.Foreign(ChaosSystem.Stream)))
        {
            moved.Add(entry["entry"].ToString());
        }

        return moved;
    }

    private static async IAsyncEnumerable<StreamEntry> EntriesAsync(IDatabase redis, RedisKey key)
    {
        for (RedisValue from = "-"; ;)
        {
            var entries = await redis.StreamRangeAsync(key, from, "+", Page);
            foreach (var entry in entries)
            {
                yield return entry;
            }

            if (entries.Length < Page)
            {
                yield break;
            }

            from = $"({entries[^1].Id}";
        }
    }

    private static async Task<List<T>> QueryAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params string[] parameters)
    {
#pragma warning disable CA2100 // The SQL is one of this project's files.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
