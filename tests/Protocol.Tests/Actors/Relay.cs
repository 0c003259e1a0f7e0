using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>
/// Moves committed outbox rows to the stream. What is on the stream is recorded beside it, so any number of relays may run:
/// an append by one that does not know the present state changes nothing.
/// </summary>
internal sealed class Relay(World world, string name) : Actor(world, name)
{
    private const int PageSize = 4;
    private const int ChunkSize = 2;
    private const int ReadsPerSession = 12;

    private int _run;
    private int _appends;

    protected override async Task RunAsync()
    {
        (_run, _appends) = (World.NextRun(), 0);
        while (true)
        {
            try
            {
                if (await FindStateAsync() is { } state)
                {
                    await PublishAsync(state);
                }
            }
            catch (ServerException exception)
            {
                if (exception.Message.StartsWith("exhausted", StringComparison.Ordinal) && Rules.RemakeWhenIdsAreUsedUp)
                {
                    await RemakeAfterExhaustionAsync();
                }
            }

            // The connection is renewed, so that a demoted node is left.
            Disconnect();
        }
    }

    /// <summary>Reads the state to go on from. Where it is missing or belongs to another history, begins anew and returns null.</summary>
    private async Task<RelayState?> FindStateAsync()
    {
        var found = await Redis("read state", redis => redis.ReadState());
        var outbox = await Auto("compare state", transaction => Compare(transaction, found.State));
        var state = found.State;
        if (outbox.InRecovery)
        {
            return null;
        }

        if (Rules.NewGenerationFirst && state is not null && state.Generation > outbox.Stream.Generation)
        {
            // The database was restored to a time before that generation. A person has to confirm it.
            World.Unconfirmed = state;
            return null;
        }

        if (Rules.StopAtAnotherOutbox && state is not null && state.Outbox != outbox.Stream.Outbox && !IsEarlier(state, outbox.Stream))
        {
            // Another system uses this stream. Nothing is written until a person has looked.
            World.Unconfirmed = state;
            return null;
        }

        var isOtherHistory = state is not null && (!outbox.HasEvent || state.Generation < outbox.Stream.Generation);
        if (state is null || isOtherHistory)
        {
            // A stream without state and without entries is new, not lost: somebody created a group on it.
            await BeginAsync(state, outbox, isOtherHistory, unlink: found.EntriesAdded > 0 || state is not null);
            return null;
        }

        return outbox.LowestDoneThrough <= state.Position ? state : state with
        {
            Position = outbox.LowestDoneThrough,
            Event = 0,
            Gaps = new(state.Gaps.Where(gap => gap.Key > outbox.LowestDoneThrough).ToDictionary()),
        };
    }

    private bool IsEarlier(RelayState state, StreamRow stream) =>
        state.Generation < stream.Generation && (stream.Earlier.Contains(state.Outbox) || !Rules.RememberEarlierOutboxes);

    private OutboxFound Compare(Transaction transaction, RelayState? state)
    {
        var node = transaction.Node;
        var lowest = node.Groups.Read(transaction).Min(group => group.DoneThrough);
        var mayBePruned = Rules.CheckStateEventOnlyAboveDoneThrough && state?.Position <= lowest;
        var hasEvent = state is null || state.Position == 0 || mayBePruned || !Rules.CheckStateEvent
            || node.Outbox.Read(transaction).Any(row => row.Position == state.Position && row.Event == state.Event);
        return new OutboxFound(node.Streams.Read(transaction).Single(), lowest, hasEvent, Rules.NewGenerationFirst && node.InRecovery);
    }

    /// <summary>Makes the stream and its state anew by one script.</summary>
    private async Task BeginAsync(RelayState? state, OutboxFound outbox, bool isOtherHistory, bool unlink)
    {
        var stream = outbox.Stream;
        if (Rules.NewGenerationFirst && !outbox.HasEvent && state!.Generation == stream.Generation)
        {
            var next = new StreamRow(stream.Generation + 1, World.NextRun(), [.. stream.Earlier, stream.Outbox]);
            var changed = await Auto("commit new generation", transaction =>
                transaction.Node.Streams.Update(transaction, row => row == stream, _ => next));
            if (changed.Count == 0)
            {
                return;
            }

            stream = next;
        }

        var goOn = state is not null && !isOtherHistory && state.Position >= outbox.LowestDoneThrough;
        var first = new RelayState(
            stream.Outbox,
            stream.Generation,
            NextSeq(null),
            goOn ? state!.Position : outbox.LowestDoneThrough,
            goOn ? state!.Event : 0,
            goOn ? state!.Gaps : []);
        if (await Redis(unlink ? "make stream anew" : "begin stream", redis => redis.Begin(state?.Seq, first, unlink)) && unlink)
        {
            World.Remakes++;
        }
    }

    private async Task RemakeAfterExhaustionAsync()
    {
        try
        {
            var found = await Redis("read state", redis => redis.ReadState());
            var outbox = await Auto("compare state", transaction => Compare(transaction, found.State));
            if (found.State is { } state && outbox.HasEvent && !outbox.InRecovery && state.Outbox == outbox.Stream.Outbox)
            {
                await BeginAsync(state, outbox, isOtherHistory: false, unlink: true);
            }
        }
        catch (ServerException)
        {
            // It will meet the exhausted id again.
        }
    }

    private async Task PublishAsync(RelayState state)
    {
        for (var read = 0; read < ReadsPerSession; read++)
        {
            var known = state;
            var probe = Rules.ProbeAllGaps || read % 3 == 2;
            var page = await Auto("read outbox", transaction => Read(transaction, known, probe));
            if (Rules.NewGenerationFirst && page.InRecovery)
            {
                return;
            }

            var hasNewGaps = FollowsGap(page.Rows, state.Position);
            var giveUpAt = hasNewGaps && Rules.GiveUpGapsByOwnXid
                ? await Auto("draw own xid", transaction => transaction.AssignXid())
                : page.Xmax;
            if (probe)
            {
                // Only what was open before this read, and was looked for by it.
                var reached = page.Rows.Count < PageSize || !Rules.GiveUpOnlyGapsTheReadReached ? long.MaxValue : page.Rows[^1].Position;
                state = state with
                {
                    Gaps = new(state.Gaps.Where(gap =>
                        gap.Value >= page.Xmin || gap.Key > reached || page.Rows.Exists(row => row.Position == gap.Key)).ToDictionary()),
                };
            }

            foreach (var chunk in page.Rows.Chunk(ChunkSize))
            {
                if (await AppendAsync(state, chunk, giveUpAt) is not { } appended)
                {
                    return;
                }

                state = appended;
            }
        }
    }

    private static Page Read(Transaction transaction, RelayState state, bool probe) => new(
        [.. transaction.Node.Outbox.Read(transaction)
            .Where(row => row.Position > state.Position || (probe && state.Gaps.ContainsKey(row.Position)))
            .OrderBy(row => row.Position)
            .Take(PageSize)],
        transaction.Node.SnapshotXmin,
        transaction.Node.SnapshotXmax,
        transaction.Node.InRecovery);

    private static bool FollowsGap(List<OutboxRow> rows, long position)
    {
        var above = rows.Where(row => row.Position > position).ToArray();
        return above.Length > 0 && above[^1].Position - position > above.Length;
    }

    /// <summary>The state after the append; null where the script found another state than <paramref name="state"/>.</summary>
    private async Task<RelayState?> AppendAsync(RelayState state, OutboxRow[] rows, long giveUpAt)
    {
        var (position, @event, gaps) = (state.Position, state.Event, new SortedDictionary<long, long>(state.Gaps));
        foreach (var row in rows)
        {
            gaps.Remove(row.Position);
            for (var gap = position + 1; gap < row.Position; gap++)
            {
                gaps[gap] = giveUpAt;
            }

            (position, @event) = row.Position > position ? (row.Position, row.Event) : (position, @event);
        }

        var next = state with { Seq = NextSeq(state.Seq), Position = position, Event = @event, Gaps = gaps };
        var kept = Rules.KeepGapsWithState ? next : next with { Gaps = [] };
        if (!Rules.AppendWithState)
        {
            return await Redis("append entries", redis => redis.AppendWithoutState(state.Seq, rows))
                && await Redis("append state", redis => redis.Append(state.Seq, [], kept)) ? next : null;
        }

        return await Redis("append", redis => redis.Append(state.Seq, rows, kept)) ? next : null;
    }

    private string NextSeq(string? last) => Rules.UniqueSeq
        ? $"{_run}.{++_appends}"
        : $"{int.Parse(last ?? "0", System.Globalization.CultureInfo.InvariantCulture) + 1}";

    private sealed record OutboxFound(StreamRow Stream, long LowestDoneThrough, bool HasEvent, bool InRecovery);

    private sealed record Page(List<OutboxRow> Rows, long Xmin, long Xmax, bool InRecovery);
}
