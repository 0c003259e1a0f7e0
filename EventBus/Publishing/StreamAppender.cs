using System.Globalization;
using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>What the relay does in Redis: each method is one script.</summary>
internal sealed class StreamAppender(StreamName stream, IConnectionMultiplexer redis, OutboxOptions options)
{
    private const string MaxEntryId = "18446744073709551615-18446744073709551615";
    private static readonly EmbeddedScript Read = new("Publishing.read_state.lua");
    private static readonly EmbeddedScript Begin = new("Publishing.begin.lua");
    private static readonly EmbeddedScript Append = new("Publishing.append.lua");

    private readonly RedisKey[] _keys = [StreamKeys.Stream(stream), StreamKeys.Relay(stream), StreamKeys.Gaps(stream)];

    public ISubscriber Subscriber => redis.GetSubscriber();

    /// <exception cref="StateException">What is there is no relay's state.</exception>
    public async Task<StreamFound> ReadAsync()
    {
        var reply = (RedisResult[])(await Read.RunAsync(redis.GetDatabase(), _keys, []))!;
        var values = reply.Take(8).Select(value => (string?)value).ToArray();
        var entriesAdded = long.Parse(values[6]!, CultureInfo.InvariantCulture);
        if (values[2] is not { } seq)
        {
            return new StreamFound(null, [], entriesAdded, HasLostEntries: false);
        }

        if (!Guid.TryParse(values[0], out var outbox) || !int.TryParse(values[1], CultureInfo.InvariantCulture, out var generation)
            || !long.TryParse(values[3], CultureInfo.InvariantCulture, out var position)
            || !long.TryParse(values[5], CultureInfo.InvariantCulture, out var added))
        {
            throw new StateException($"the hash '{_keys[1]}' is not a relay's state. Find out who wrote it, then delete it");
        }

        var gaps = new List<long>();
        foreach (var text in (RedisValue[])reply[8]!)
        {
            gaps.Add(text.TryParse(out long number)
                ? number
                : throw new StateException($"the hash '{_keys[2]}' is not a relay's gaps. Find out who wrote it, then delete it"));
        }

        return new StreamFound(
            new StreamState(outbox, generation, seq, position, Guid.TryParse(values[4], out var id) ? id : null),
            [.. Enumerable.Range(0, gaps.Count / 2).Select(i => new Gap(gaps[2 * i], gaps[(2 * i) + 1]))],
            entriesAdded,
            HasLostEntries: entriesAdded < added || values[7] == MaxEntryId);
    }

    /// <summary>Writes a first state, if the one that was found is still there; makes the stream anew if asked to.</summary>
    public async Task<bool> BeginAsync(StreamState? found, StreamState first, IReadOnlyList<Gap> gaps, bool makeAnew)
    {
        RedisValue[] values =
        [
            found?.Seq ?? "", makeAnew ? 1 : 0, first.Outbox.ToString(), first.Generation, first.Seq, first.Position, first.Event?.ToString() ?? "",
            .. gaps.SelectMany(gap => new RedisValue[] { gap.First, gap.Last }),
        ];
        return (int)await Begin.RunAsync(redis.GetDatabase(), _keys, values) == 1;
    }

    /// <summary>Sends events; the reply is read by <see cref="ReadReply"/>.</summary>
    /// <param name="known">The state that they follow.</param>
    /// <param name="next">The state with them.</param>
    /// <param name="gaps">Keeps the gaps.</param>
    /// <param name="page">Has the events.</param>
    /// <param name="start">The first of them.</param>
    /// <param name="count">How many.</param>
    public Task<RedisResult> SendAsync(StreamState known, StreamState next, GapTracker gaps, OutboxPage page, int start, int count)
    {
        var (closed, changed) = gaps.TakeChanges();
        var headers = Enumerable.Range(0, count)
            .Select(i => (Number: i, Json: page.HeadersOf(start + i)))
            .Where(item => !item.Json.IsEmpty)
            .ToArray();
        RedisValue[] head =
        [
            known.Outbox.ToString(), known.Generation, known.Seq, next.Seq, next.Position, next.Event?.ToString() ?? "", options.MaxStreamLength,
            closed.Length, .. closed.Select(first => (RedisValue)first),
            changed.Length, .. changed.SelectMany(gap => new RedisValue[] { gap.First, gap.Last }),
            headers.Length, .. headers.SelectMany(item => new RedisValue[] { item.Number, item.Json }),
        ];
        var values = new RedisValue[head.Length + (count * OutboxPage.Values)];
        head.CopyTo(values, 0);
        for (var i = 0; i < count; i++)
        {
            page.CopyValues(start + i, values.AsSpan(head.Length + (i * OutboxPage.Values), OutboxPage.Values));
        }

        return Append.RunAsync(redis.GetDatabase(), _keys, values);
    }

    /// <summary>Reads a reply of append.lua.</summary>
    /// <returns>Null where another state was found, and nothing was written.</returns>
    public static Appended? ReadReply(RedisResult reply) =>
        (string?)reply[0] == "OK" ? new Appended((string)reply[1]!, (long)reply[2]) : null;

    /// <summary>Whether Redis has no further id for an entry.</summary>
    public static bool AreIdsUsedUp(RedisServerException e) => e.Message.Contains("exhausted the last possible ID", StringComparison.Ordinal);
}

/// <param name="LastId">The id of the last entry.</param>
/// <param name="Trimmed">How many of the stream's oldest entries were trimmed.</param>
internal readonly record struct Appended(string LastId, long Trimmed);
