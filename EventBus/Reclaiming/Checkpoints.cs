using System.Text;
using FanOut.EventBus.Redis;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>
/// Keeps in Postgres how far each group has got: everything at or below its checkpoint is done or dead-lettered. Should Redis lose the group, it is created again there.
/// Entries are acknowledged only after their commit, so what one snapshot of the pending entries says stays true.
/// </summary>
internal sealed class Checkpoints(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    private const int MostRedriven = 100;
    private static readonly EmbeddedScript SnapshotScript = new("Reclaiming.snapshot_progress.lua");
    private static readonly string RaiseSql = EmbeddedText.Read("Reclaiming.raise_checkpoints.sql");

    /// <summary>How far the group has got by now.</summary>
    /// <returns>Null where that can't be told: the group is missing, or many redriven entries are unfinished.</returns>
    public async Task<EntryId?> SnapshotAsync(RegisteredGroup group)
    {
        var reply = (RedisResult[])(await SnapshotScript.RunAsync(redis.GetDatabase(), [group.StreamKey, group.RedriveKey], [group.Name.Value, MostRedriven]))!;
        if (!EntryId.TryParse(Bytes(reply[0]), out var reached) || (int)reply[2] == 1)
        {
            return null;
        }

        var lowest = Bytes(reply[1]);
        if (lowest.Length > 0)
        {
            if (!EntryId.TryParse(lowest, out var pending))
            {
                return null;
            }

            reached = Before(pending, reached);
        }

        foreach (var redriven in (RedisValue[])reply[3]!)
        {
            // Anybody may write to a Redis stream: an entry that names no source holds nothing up.
            if (EntryId.TryParse(Encoding.ASCII.GetBytes(redriven.ToString()), out var source))
            {
                reached = Before(source, reached);
            }
        }

        return reached;
    }

    /// <summary>Raises checkpoints; one that is higher already stays.</summary>
    /// <returns>How many were raised.</returns>
    public async Task<int> RaiseAsync(StreamName stream, IReadOnlyDictionary<GroupName, EntryId> reached, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(RaiseSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(reached.Keys.Select(name => name.Value).ToArray());
        command.Parameters.AddWithValue(reached.Values.Select(id => id.Value).ToArray());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static EntryId Before(EntryId unfinished, EntryId reached)
    {
        var before = EntryId.FromInt64(Math.Max(unfinished.Value - 1, 0));
        return before < reached ? before : reached;
    }

    private static byte[] Bytes(RedisResult value) => Encoding.ASCII.GetBytes(value.ToString() ?? "");
}
