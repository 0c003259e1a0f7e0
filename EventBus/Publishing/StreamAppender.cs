using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>The relay's two ways to write to the stream: append what is new, and put back what was lost.</summary>
internal sealed class StreamAppender(IConnectionMultiplexer connection, StreamName stream, long maxLength)
{
    private static readonly EmbeddedScript Append = new("Publishing.append.lua");
    private static readonly EmbeddedScript Republish = new("Publishing.republish.lua");

    private readonly RedisKey[] _stream = [StreamKeys.Stream(stream)];
    private readonly RedisKey[] _streams = [StreamKeys.Stream(stream), StreamKeys.Foreign(stream)];

    /// <summary>Entries at or below may have been trimmed from the stream.</summary>
    public EntryId Floor { get; set; }

    public IDatabase Redis => connection.GetDatabase();

    /// <summary>
    /// Appends a batch from <see cref="RelayBatch.Next"/> on, and moves that on. The calls are sent without waiting for each other: each is told the entry before its first and appends nothing where that is missing,
    /// so that one that gets lost on the way stops those behind it.
    /// </summary>
    public async Task<AppendOutcome> AppendAsync(RelayBatch batch)
    {
        var redis = Redis;
        var calls = new List<(int Start, int Count, Task<RedisResult> Reply)>();
        for (var start = batch.Next; start < batch.Count;)
        {
            var count = batch.ChunkAt(start);
            calls.Add((start, count, SendAsync(redis, batch, start, count)));
            start += count;
        }

        var outcome = new AppendOutcome(AppendStatus.Appended);
        foreach (var (start, count, reply) in calls)
        {
            // Every reply is awaited, also behind a failed one: a later decision rests on which calls can still be on their way.
            var answer = await AnswerAsync(reply, start);
            if (answer.Status == AppendStatus.Unknown)
            {
                batch.NeverAppended = false;
            }

            if (outcome.Status == AppendStatus.Appended)
            {
                outcome = answer;
                batch.Next = answer.Status == AppendStatus.Appended ? start + count : start;
            }
        }

        return outcome;
    }

    /// <summary>Whether the stream still ends as the chain does, or goes on behind that.</summary>
    public Task<AppendOutcome> CheckAsync(RelayChain chain)
        => AnswerAsync(Append.RunAsync(Redis, _stream, [chain.Tail.ToString(), Floor.ToString(), 0, chain.Tail.Milliseconds, chain.Tail.Sequence, Event(chain.TailEvent)]), 0);

    /// <summary>Puts entries back; throws what Redis answers.</summary>
    /// <param name="after">The live entry before the first.</param>
    /// <param name="batch">The batch; null only brings the stream's last id up to <paramref name="after"/>.</param>
    /// <param name="sequence">The sequence of the first entry's id.</param>
    /// <param name="start">Where it stands in the batch.</param>
    /// <param name="count">How many.</param>
    /// <returns>How many foreign entries were moved out of the way.</returns>
    public async Task<int> RepublishAsync(EntryId after, RelayBatch? batch, long sequence, int start, int count)
    {
        var values = new RedisValue[3 + (count * EventFields.Count)];
        values[0] = after.ToString();
        values[1] = batch?.Milliseconds ?? 0;
        values[2] = sequence;
        batch?.Values(start, count).CopyTo(values.AsSpan(3));
        for (var moved = 0; ;)
        {
            var reply = (RedisResult[])(await Republish.RunAsync(Redis, _streams, values))!;
            moved += (int)reply[1];
            if ((string?)reply[0] == "OK")
            {
                return moved;
            }
        }
    }

    private Task<RedisResult> SendAsync(IDatabase redis, RelayBatch batch, int start, int count)
    {
        var values = new RedisValue[6 + (count * EventFields.Count)];
        values[0] = batch.Before(start).ToString();
        values[1] = Floor.ToString();
        values[2] = maxLength;
        values[3] = batch.Milliseconds;
        values[4] = start;
        values[5] = Event(batch.EventBefore(start));
        batch.Values(start, count).CopyTo(values.AsSpan(6));
        return Append.RunAsync(redis, _stream, values);
    }

    /// <summary>Whether an entry is what the scripts take for an event: its first field is the id, as the relay writes it.</summary>
    public static bool Holds(StreamEntry entry, Guid id) => entry.Values is [var first, ..] && first.Name == EventFields.Id && first.Value == Event(id);

    private static RedisValue Event(Guid? id) => id is { } known ? EventFields.FormatId(known) : RedisValue.EmptyString;

    private static async Task<AppendOutcome> AnswerAsync(Task<RedisResult> call, int start)
    {
        try
        {
            var reply = (RedisResult[])(await call)!;
            var last = (string?)reply[1];
            return (string?)reply[0] switch
            {
                "OK" => new(AppendStatus.Appended, last),
                "FULL" => new(AppendStatus.Refused, last, start, "it is as long as EventBus:Outbox:MaxStreamLength allows"),
                "BEHIND" => new(AppendStatus.Behind, last, start),
                "AHEAD" => new(AppendStatus.Ahead, last, start + (int)reply[2]),
                "CONFLICT" => new(AppendStatus.Conflict, last, start + (int)reply[2]),
                var word => new(AppendStatus.Unknown, last, start, $"append.lua answered '{word}'"),
            };
        }
        catch (RedisServerException e) when (IsOutOfMemory(e))
        {
            return new(AppendStatus.Refused, null, start, "Redis is at its maxmemory");
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            return new(AppendStatus.Unknown, null, start, e.Message);
        }
    }

    public static bool IsOutOfMemory(RedisServerException e) => e.Message.Contains("OOM command not allowed", StringComparison.Ordinal) || e.Message.StartsWith("OOM", StringComparison.Ordinal);
}
