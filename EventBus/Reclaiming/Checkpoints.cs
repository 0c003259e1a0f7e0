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
    private static readonly string ProofSql = EmbeddedText.Read("Reclaiming.find_proof.sql");
    private static readonly string RaiseSql = EmbeddedText.Read("Reclaiming.raise_checkpoints.sql");

    /// <summary>
    /// How far the group has got by now. What was delivered last says nothing about ids that the outbox had given and that were not on the stream at that moment, because they were still to be appended or because Redis
    /// had lost them: a foreign entry above takes the group past them, and they come below it. So where an outbox feeds the stream, the answer is never above an id of the outbox that stands there at the same moment:
    /// the outbox's ids are appended in order, each only behind the one before.
    /// </summary>
    /// <returns>Null where that can't be told: the group is missing, many redriven entries are unfinished, or the stream lacks the last id that the outbox has given below.</returns>
    public async Task<EntryId?> SnapshotAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        var first = await ReadAsync(group, "", "");
        if (first is null || first.Reached <= group.Checkpoint || await FindProofAsync(group.Stream, first.Reached, cancellationToken) is not { } proof)
        {
            return first?.Reached;
        }

        // Read once more, together with the proof: what was missing before may have been put back since.
        return proof.Id is { } id && await ReadAsync(group, id.ToString(), proof.Event) is { } second && (second.Stands || proof.MayBeTrimmed)
            ? (second.Reached < id ? second.Reached : id)
            : null;
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

    private async Task<Reading?> ReadAsync(RegisteredGroup group, string proof, string eventId)
    {
        var reply = (RedisResult[])(await SnapshotScript.RunAsync(redis.GetDatabase(), [group.StreamKey, group.RedriveKey], [group.Name.Value, MostRedriven, proof, eventId]))!;
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

        return new(reached, (int)reply[4] == 1);
    }

    /// <returns>Null where no outbox feeds the stream.</returns>
    private async Task<Proof?> FindProofAsync(StreamName stream, EntryId reached, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(ProofSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(reached.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return new(reader.IsDBNull(0) ? null : EntryId.FromInt64(reader.GetInt64(0)), reader.IsDBNull(1) ? "" : reader.GetString(1), reader.GetBoolean(2));
    }

    private static EntryId Before(EntryId unfinished, EntryId reached)
    {
        var before = EntryId.FromInt64(Math.Max(unfinished.Value - 1, 0));
        return before < reached ? before : reached;
    }

    private static byte[] Bytes(RedisResult value) => Encoding.ASCII.GetBytes(value.ToString() ?? "");

    private sealed record Reading(EntryId Reached, bool Stands);

    private sealed record Proof(EntryId? Id, string Event, bool MayBeTrimmed);
}
