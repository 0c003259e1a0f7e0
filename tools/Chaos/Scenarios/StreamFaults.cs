using FanOut.Chaos.Load;
using FanOut.Chaos.Verifying;

namespace FanOut.Chaos.Scenarios;

/// <summary>Damage to the stream from outside.</summary>
internal static class StreamFaults
{
    private const string FailingRecipient = "failing@example.com";
    private static readonly TimeSpan DeadLetterTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromSeconds(30);
    private static readonly string[] Groups = [Verifier.WebhookGroup, Verifier.AnalyticsGroup, Verifier.NotificationGroup];
    private static readonly string FailRecipient = EmbeddedSql.Read("Scenarios.fail_recipient.sql");
    private static readonly string RestoreRecipient = EmbeddedSql.Read("Scenarios.restore_recipient.sql");
    private static readonly string CountDeadLetters = EmbeddedSql.Read("Scenarios.count_dead_letters.sql");

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("poison", "malformed, forged and oversized entries, and orders that a handler fails on, become dead letters",
            Part.Redis | Part.Postgres, PoisonAsync),
        new("far-future", "entries with ids of the year 2200, then with the highest possible id, after which Redis takes no more entries",
            Part.Redis | Part.Reclaimer, FarFutureAsync),
        new("group-destroyed", "XGROUP DESTROY of each group in turn", Part.Redis | Part.Reclaimer, DestroyGroupsAsync),
        new("stream-deleted", "DEL of the stream", Part.Redis | Part.Reclaimer, DeleteStreamAsync),
        new("flushall", "FLUSHALL", Part.Redis | Part.Reclaimer, FlushAsync),
        new("trimmed-outside", "unread and pending entries are trimmed; a consumer is deleted with its pending entries",
            Part.Redis | Part.Workers, TrimAsync),
    ];

    private static async Task PoisonAsync(Fault fault, CancellationToken cancellationToken)
    {
        const int Failing = 5;
        await fault.ExecuteAsync(FailRecipient);
        try
        {
            await using (var redis = await fault.System.ConnectToRedisAsync())
            {
                foreach (var (what, fields) in Poisons())
                {
                    fault.Promises.Poisoned((await redis.GetDatabase().StreamAddAsync(Key(), fields)).ToString());
                    fault.Say($"wrote {what} to the stream");
                }

                // Every group has taken that position long ago, so this is a repeated delivery.
                await redis.GetDatabase().StreamAddAsync(Key(), Event(Guid.CreateVersion7().ToString(), "{}", 1));
                fault.Say("wrote an event at the position of another one to the stream");
            }

            var keys = Enumerable.Range(0, Failing).Select(number => $"{fault.Run}-failing-{number:00}").ToArray();
            await Task.WhenAll(keys.Select((key, number) =>
            {
                fault.Promises.MustFail(Verifier.NotificationGroup, key);
                return fault.Client.PlaceAsync(key, OrderLoad.NewOrder(key, number, FailingRecipient), cancellationToken);
            }));
            fault.Say($"placed {Failing} orders that the handler of {Verifier.NotificationGroup} always fails on");
            var orders = fault.Client.Accepted.Where(order => keys.Contains(order.Key)).Select(order => order.Id.ToString()).Distinct().ToArray();
            await Until.TrueAsync(() => AreDeadAsync(fault, orders, cancellationToken), DeadLetterTimeout, "the dead letters", cancellationToken);
        }
        finally
        {
            await fault.ExecuteAsync(RestoreRecipient);
        }
    }

    private static IEnumerable<(string What, NameValueEntry[] Fields)> Poisons()
    {
        const int Megabytes = 6;
        yield return ("an entry that is not an event", [new("nonsense", "1")]);
        yield return ("an event without a position", [.. Event(Guid.CreateVersion7().ToString(), "{}").Skip(1)]);
        yield return ("an event whose position is not a number", Event(Guid.CreateVersion7().ToString(), "{}", "first"));
        yield return ("an event at a position that the outbox does not have", Event(Guid.CreateVersion7().ToString(), "{}", long.MaxValue / 4));
        yield return ("an event whose id is not a UUID", Event("17", "{}"));
        yield return ("an event whose data is not JSON", Event(Guid.CreateVersion7().ToString(), "{\"orderId\":"));
        yield return ("an event whose data is not an order", Event(Guid.CreateVersion7().ToString(), "{\"orderId\":\"a\"}"));
        yield return ("an event whose data is null", Event(Guid.CreateVersion7().ToString(), "null"));
        yield return ("an event whose data is not text", Event(Guid.CreateVersion7().ToString(), new byte[] { 0, 0xff, 0xfe, (byte)'{', 0 }));
        yield return ("a field whose name is not text", [new(new byte[] { 0xff, 0 }, new byte[] { 0 })]);
        yield return ($"an event of {Megabytes} MB", Event(Guid.CreateVersion7().ToString(), new string('x', Megabytes << 20)));
        yield return ("an entry of 2,000 fields", [.. Enumerable.Range(0, 2_000).Select(number => new NameValueEntry($"field-{number}", number))]);

    }

    private static NameValueEntry[] Event(string id, RedisValue data, RedisValue? position = null) =>
    [
        new("position", position ?? 1_000_000_000), new("id", id), new("type", "order.placed"), new("source", "foreign"), new("subject", "none"),
        new("time", "2026-01-01T00:00:00.0000000Z"), new("data", data), new("traceparent", ""), new("tracestate", ""),
    ];

    private static async Task FarFutureAsync(Fault fault, CancellationToken cancellationToken)
    {
        await AddAsync($"{new DateTimeOffset(2200, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()}-0");
        await fault.OrdersGoOnAsync(fault.Time(5, 2), "all ids were of the year 2200", cancellationToken);

        // The relay makes the stream anew. What it had may be lost, the entry of this scenario too.
        fault.Promises.RedisLosesData();
        await AddAsync("18446744073709551615-18446744073709551615");
        await fault.OrdersGoOnAsync(fault.Time(5, 2), "Redis had no further id", cancellationToken);

        async Task AddAsync(string id)
        {
            await using var redis = await fault.System.ConnectToRedisAsync();
            fault.Promises.Poisoned((await redis.GetDatabase().StreamAddAsync(Key(), "nonsense", "1", id)).ToString());
            fault.Say($"wrote an entry with the id {id}");
        }
    }

    private static async Task DestroyGroupsAsync(Fault fault, CancellationToken cancellationToken)
    {
        foreach (var group in Groups)
        {
            await fault.WithProgressBehindAsync(() => fault.System.RedisAsync("XGROUP", "DESTROY", Key(), group), cancellationToken);
            fault.Say($"XGROUP DESTROY {Key()} {group}");
            await Fault.WaitAsync(fault.Time(1.5, 0.5), cancellationToken);
        }
    }

    private static Task DeleteStreamAsync(Fault fault, CancellationToken cancellationToken) => LoseAsync(fault, "DEL", [Key()], cancellationToken);

    private static Task FlushAsync(Fault fault, CancellationToken cancellationToken) => LoseAsync(fault, "FLUSHALL", [], cancellationToken);

    private static async Task LoseAsync(Fault fault, string command, object[] arguments, CancellationToken cancellationToken)
    {
        fault.Promises.RedisLosesData();
        for (var time = 0; time < (fault.IsQuick ? 1 : 3); time++)
        {
            await fault.WithProgressBehindAsync(() => fault.System.RedisAsync(command, arguments), cancellationToken);
            fault.Say($"{command} {string.Join(' ', arguments)}".Trim());
            await Fault.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }

    private static async Task TrimAsync(Fault fault, CancellationToken cancellationToken)
    {
        fault.Promises.RedisLosesData();
        var workers = ServiceKind.Workers.SelectMany(fault.System.Of).ToArray();
        await fault.StallAsync(workers);
        try
        {
            await using var redis = await fault.System.ConnectToRedisAsync();
            var database = redis.GetDatabase();
            await Until.TrueAsync(async () => await UnreadAsync(database) >= 20, ArrivalTimeout, "20 unread entries", cancellationToken);
            foreach (var group in Groups)
            {
                var held = (await database.StreamReadGroupAsync(Key(), group, "foreign", ">", 5)).Length;
                var deleted = (await database.StreamReadGroupAsync(Key(), group, "deleted", ">", 5)).Length;
                await database.ExecuteAsync("XGROUP", "DELCONSUMER", Key(), group, "deleted");
                fault.Say($"{group}: a foreign consumer holds {held} entries; another one was deleted with {deleted}");
            }

            var trimmed = await database.StreamTrimAsync(Key(), 0);
            fault.Say($"XTRIM removed {trimmed} entries");
        }
        finally
        {
            fault.Resume(workers);
        }

        static async Task<long> UnreadAsync(IDatabase database)
        {
            var least = long.MaxValue;
            foreach (var info in await database.StreamGroupInfoAsync(Key()))
            {
                least = Math.Min(least, (await database.StreamRangeAsync(Key(), $"({info.LastDeliveredId}", "+", 100)).Length);
            }

            return least;
        }
    }

    private static RedisKey Key() => StreamKeys.Stream(ChaosSystem.Stream);

    private static async Task<bool> AreDeadAsync(Fault fault, string[] orders, CancellationToken cancellationToken)
    {
        await using var command = fault.System.Database.CreateCommand(CountDeadLetters);
        command.Parameters.AddWithValue(Verifier.NotificationGroup);
        command.Parameters.AddWithValue(orders);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! == orders.Length;
    }
}
