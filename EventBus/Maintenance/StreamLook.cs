using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// What Redis says of a stream, read in an order that loses nothing that moves: first what is published, then what each group has still to be
/// delivered, then what is pending with it.
/// </summary>
internal sealed class StreamLook
{
    private const int PageSize = 1_000;
    private static readonly EmbeddedScript PositionsScript = new("Maintenance.read_positions.lua");

    private readonly List<(long First, long Last)> _gaps = [];

    private StreamLook()
    {
    }

    /// <summary>The highest position that a relay has put on the stream.</summary>
    public long Published { get; private init; }

    public long Length { get; private set; }

    public Dictionary<int, GroupLook> Groups { get; } = [];

    public static async Task<StreamLook> ReadAsync(
        IDatabase redis, StreamName stream, IEnumerable<RegisteredGroup> groups, CancellationToken cancellationToken)
    {
        var key = StreamKeys.Stream(stream);
        var look = new StreamLook { Published = (long?)await redis.HashGetAsync(StreamKeys.Relay(stream), "position") ?? 0 };
        look._gaps.AddRange((await redis.HashGetAllAsync(StreamKeys.Gaps(stream))).Select(gap => ((long)gap.Name, (long)gap.Value)));
        look.Length = await redis.StreamLengthAsync(key);
        var known = await redis.KeyExistsAsync(key) ? (await redis.StreamGroupInfoAsync(key)).ToDictionary(group => group.Name) : [];
        foreach (var group in groups)
        {
            var exists = known.TryGetValue(group.Name.Value, out var info);
            look.Groups[group.Id] = new GroupLook(
                await ReadUndeliveredAsync(redis, key, exists ? $"({info.LastDeliveredId}" : "-", cancellationToken),
                exists ? await ReadPendingAsync(redis, key, group, cancellationToken) : []);
        }

        return look;
    }

    /// <summary>Whether the event was still to be published when the look began.</summary>
    public bool IsUnpublished(long position) =>
        position > Published || _gaps.Exists(gap => gap.First <= position && position <= gap.Last);

    private static async Task<HashSet<long>> ReadUndeliveredAsync(
        IDatabase redis, RedisKey key, RedisValue from, CancellationToken cancellationToken)
    {
        var positions = new HashSet<long>();
        OrderedDictionary<string, long> page;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            page = await ReadPositionsAsync(redis, key, [from, "+", PageSize]);
            positions.UnionWith(page.Values);
            from = $"({page.Keys.LastOrDefault()}";
        }
        while (page.Count == PageSize);
        return positions;
    }

    private static async Task<Dictionary<long, TimeSpan>> ReadPendingAsync(
        IDatabase redis, RedisKey key, RegisteredGroup group, CancellationToken cancellationToken)
    {
        var pending = new Dictionary<long, TimeSpan>();
        RedisValue from = "-";
        StreamPendingMessageInfo[] page;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            page = await redis.StreamPendingMessagesAsync(key, group.Name.Value, PageSize, RedisValue.Null, from, "+");
            var positions = await ReadPositionsAsync(
                redis, key, [.. page.SelectMany(entry => new RedisValue[] { entry.MessageId, entry.MessageId, 1 })]);
            foreach (var entry in page)
            {
                if (positions.TryGetValue(entry.MessageId.ToString(), out var position))
                {
                    pending[position] = TimeSpan.FromMilliseconds(entry.IdleTimeInMilliseconds);
                }
            }

            from = $"({page.LastOrDefault().MessageId}";
        }
        while (page.Length == PageSize);
        return pending;
    }

    /// <returns>Positions by entry id, in the stream's order; -1 for an entry that carries none.</returns>
    private static async Task<OrderedDictionary<string, long>> ReadPositionsAsync(IDatabase redis, RedisKey key, RedisValue[] ranges)
    {
        var reply = (RedisValue[])(await PositionsScript.RunAsync(redis, [key], ranges))!;
        var positions = new OrderedDictionary<string, long>();
        for (var i = 0; i + 1 < reply.Length; i += 2)
        {
            positions[reply[i].ToString()] =
                long.TryParse(reply[i + 1].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : -1;
        }

        return positions;
    }
}

/// <summary>What Redis says of one group.</summary>
/// <param name="Undelivered">The positions on the stream behind what was delivered last.</param>
/// <param name="Pending">The positions that are pending, and for how long they have been idle.</param>
internal sealed record GroupLook(HashSet<long> Undelivered, Dictionary<long, TimeSpan> Pending);
