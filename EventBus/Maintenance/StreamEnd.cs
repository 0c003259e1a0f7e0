using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>The end of a stream, read together with what its relay says of itself.</summary>
/// <param name="EntryId">The last id that the stream has given; <c>0-0</c> where there is no stream.</param>
/// <param name="Outbox">The id of the outbox whose events the stream carries; null where no relay has begun.</param>
/// <param name="Position">The highest position on the stream; 0 where no relay has begun.</param>
internal sealed record StreamEnd(string EntryId, Guid? Outbox, long Position)
{
    private static readonly EmbeddedScript Script = new("Maintenance.read_stream_end.lua");

    public static async Task<StreamEnd> ReadAsync(IDatabaseAsync redis, StreamName stream)
    {
        var reply = (RedisValue[])(await Script.RunAsync(redis, [StreamKeys.Stream(stream), StreamKeys.Relay(stream)], []))!;
        return new StreamEnd(
            reply[0].ToString(),
            Guid.TryParse(reply[1].ToString(), out var outbox) ? outbox : null,
            reply[2].TryParse(out long position) ? position : 0);
    }

    /// <summary>Whether the stream carries events of another system, which must be left alone.</summary>
    public bool IsForeign(OutboxHistory history) => Outbox is { } outbox && !history.Knows(outbox);
}
