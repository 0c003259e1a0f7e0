using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>Raises a group's done_through over what is taken, and brings from the outbox what the stream has lost.</summary>
internal sealed class Reconciler(World world, string name, string group) : Actor(world, name)
{
    private const int StepSize = 2;

    protected override async Task RunAsync()
    {
        Horizon? horizon = null;
        (EntryId End, long Position)? barrier = null;
        while (true)
        {
            try
            {
                if (Rules.HorizonEndsWithItsSession && horizon?.Session != Session)
                {
                    horizon = null;
                }

                horizon ??= await NoteHorizonAsync();
                barrier ??= await Redis("note stream end", redis => redis.NoteEnd());
                if (await RaiseAsync(horizon) is not { } missing)
                {
                    continue;
                }

                horizon = missing.IsAll ? null : horizon;
                var passed = await Redis("ask whether passed", redis => redis.HasPassed(group, barrier.Value.End));
                if (passed == true && Rules.Reconcile)
                {
                    await ReconcileAsync(barrier.Value.Position);
                }

                // A stream that was made anew, or went back, has another end.
                barrier = passed == false ? barrier : null;
            }
            catch (ServerException)
            {
                Disconnect();
            }
        }
    }

    private async Task<Horizon> NoteHorizonAsync()
    {
        var highest = await Auto("read highest position", transaction =>
            transaction.Node.Outbox.Read(transaction).Select(row => row.Position).DefaultIfEmpty().Max());
        var xid = await Auto("draw own xid", transaction => transaction.AssignXid());
        return new Horizon(highest, xid, Session);
    }

    /// <summary>Raises done_through to just below the lowest position that is missing. Null while the horizon is not decided.</summary>
    private async Task<Missing?> RaiseAsync(Horizon horizon)
    {
        var (isDecided, to, isAll) = await Sql("find lowest missing", transaction => FindLowestMissing(transaction, horizon));
        if (!isDecided)
        {
            RollBack();
            return null;
        }

        if (!Rules.RaiseAndDeleteTogether)
        {
            await Auto("delete ranges", transaction => transaction.Node.Inbox.Delete(transaction, row => row.Group == group && row.Position <= to));
        }

        await Sql("raise", transaction => transaction.Node.Groups.Update(
            transaction, row => row.Group == group && row.DoneThrough < to, row => row with { DoneThrough = to }));
        await Sql("delete ranges", transaction => transaction.Node.Inbox.Delete(transaction, row => row.Group == group && row.Position <= to));
        await Commit();
        return new Missing(isAll);
    }

    private (bool IsDecided, long To, bool IsAll) FindLowestMissing(Transaction transaction, Horizon horizon)
    {
        var node = transaction.Node;
        var from = DoneThrough(transaction);
        var inbox = Rules.RaiseOnlyOverCommitted ? node.Inbox.Read(transaction) : node.Inbox.ReadDirty();
        var taken = inbox.Where(row => row.Group == group).Select(row => row.Position).ToHashSet();
        var missing = node.Outbox.Read(transaction)
            .Select(row => row.Position)
            .Where(position => position > from && position <= horizon.Position && !taken.Contains(position))
            .ToArray();
        return (
            node.SnapshotXmin > horizon.Xid || !Rules.HorizonWaitsForItsXid,
            missing.Length == 0 ? horizon.Position : missing.Min() - 1,
            missing.Length == 0);
    }

    private long DoneThrough(Transaction transaction) => transaction.Node.Groups.Read(transaction).Single(row => row.Group == group).DoneThrough;

    private async Task ReconcileAsync(long to)
    {
        var lost = await Sql("find what was lost", transaction =>
        {
            var node = transaction.Node;
            var from = DoneThrough(transaction);
            var taken = node.Inbox.Read(transaction).Where(row => row.Group == group).Select(row => row.Position).ToHashSet();
            var types = node.Subscriptions.Read(transaction).Where(row => row.Group == group).Select(row => row.Type).ToHashSet();
            return node.Outbox.Read(transaction)
                .Where(row => row.Position > from && row.Position <= to && !taken.Contains(row.Position))
                .OrderBy(row => row.Position)
                .Take(StepSize)
                .Select(row => (Row: row, IsSubscribed: types.Contains(row.Type)))
                .ToArray();
        });
        foreach (var (row, isSubscribed) in lost)
        {
            // As everywhere: insert the position first, then read done_through.
            var isTaken = await Sql("insert position", transaction => !transaction.Node.Inbox.InsertUnless(
                transaction, new InboxRow(group, row.Position), other => other.Group == group && other.Position == row.Position));
            await Sql("insert retry row", transaction =>
            {
                var isDone = Rules.ReconcileInsertsBeforeReadingDoneThrough && DoneThrough(transaction) >= row.Position;
                if (!isTaken && !isDone && isSubscribed)
                {
                    transaction.Node.Retries.Insert(transaction, new RetryRow(
                        transaction.Node.NextNumber(), group, row.Position, EntryId: null, row.Event, row.Type, World.Now));
                }

                return true;
            });
        }

        await Commit();
    }

    private sealed record Horizon(long Position, long Xid, Session? Session);

    private sealed record Missing(bool IsAll);
}
