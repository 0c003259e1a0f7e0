using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>What lanes and reclaimers share: taking the positions of entries in the group's inbox.</summary>
internal abstract class GroupMember(World world, string name, string group) : Actor(world, name)
{
    protected string Group => group;

    /// <summary>
    /// Opens a transaction that has taken what is still to do of <paramref name="entries"/>. Strays are left out and get a dead row each.
    /// The caller writes the effects and commits.
    /// </summary>
    protected async Task<Taken> TakeAsync(List<Entry> entries)
    {
        var strays = new List<Entry>();
        while (true)
        {
            var taken = await TryTakeAsync([.. entries.Except(strays)]);
            if (taken.Strays.Count == 0)
            {
                foreach (var stray in strays)
                {
                    await WriteStrayAsync(stray);
                }

                return taken;
            }

            if (!Rules.RollBackStrays)
            {
                return taken with { Fresh = [.. taken.Fresh.Except(taken.Strays)] };
            }

            // The transaction is repeated without the strays, so that they take no position.
            RollBack();
            strays.AddRange(taken.Strays);
        }
    }

    protected async Task WriteRetryAsync(Entry entry, bool isDead = false) => await Sql("insert retry row", transaction =>
    {
        transaction.Node.Retries.Insert(transaction, new RetryRow(
            transaction.Node.NextNumber(), group, entry.Position, EntryId: null, entry.Event, entry.Type, World.Now)
        {
            IsDead = isDead,
        });
        return true;
    });

    private async Task<Taken> TryTakeAsync(List<Entry> entries)
    {
        var before = Rules.InsertBeforeReadingDoneThrough ? 0 : await Sql("read done_through first", DoneThrough);
        var mine = new HashSet<long>();

        // Ascending, so that two transactions do not wait for each other.
        foreach (var position in entries.Select(entry => entry.Position).Distinct().Order())
        {
            if (await Sql("insert position", transaction => Insert(transaction, position)))
            {
                mine.Add(position);
            }
        }

        var (doneThrough, types) = await Sql("read done_through", transaction => (
            Rules.InsertBeforeReadingDoneThrough ? DoneThrough(transaction) : before,
            transaction.Node.Subscriptions.Read(transaction).Where(row => row.Group == group).Select(row => row.Type).ToHashSet()));
        var candidates = entries.Where(entry => mine.Contains(entry.Position) && entry.Position > doneThrough).ToList();
        var compared = Rules.CheckOutboxForEachPosition ? candidates : candidates.OrderBy(entry => entry.Position).TakeLast(1).ToList();
        var strays = candidates.Count == 0 ? [] : await Sql("compare with outbox", transaction => FindStrays(transaction, compared, doneThrough));
        return new Taken([.. candidates.DistinctBy(entry => (entry.Position, entry.Event))], strays, types);
    }

    private bool Insert(Transaction transaction, long position) => transaction.Node.Inbox.InsertUnless(
        transaction, new InboxRow(group, position), row => row.Group == group && row.Position == position);

    private long DoneThrough(Transaction transaction) => transaction.Node.Groups.Read(transaction).Single(row => row.Group == group).DoneThrough;

    private static List<Entry> FindStrays(Transaction transaction, List<Entry> entries, long doneThrough)
    {
        var events = transaction.Node.Outbox.Read(transaction).ToDictionary(row => row.Position, row => row.Event);
        return [.. entries.Where(entry =>
            entry.Position > doneThrough && (!events.TryGetValue(entry.Position, out var found) || found != entry.Event))];
    }

    private async Task WriteStrayAsync(Entry stray) => await Sql("insert stray row", transaction =>
    {
        var row = new RetryRow(transaction.Node.NextNumber(), group, Position: null, stray.Id, stray.Event, stray.Type, World.Now)
        {
            IsDead = true,
        };
        if (!transaction.Node.Retries.InsertUnless(transaction, row, other => other.Group == group && other.EntryId == stray.Id)
            && !Rules.IgnoreSecondStrayOfAnId)
        {
            throw new ServerException("23505");
        }

        return true;
    });

    /// <param name="Fresh">Entries whose position this transaction has taken, and that are events of this outbox.</param>
    /// <param name="Strays">Entries that claim a position which the outbox does not have for them.</param>
    /// <param name="Types">What the group has subscribed to.</param>
    protected sealed record Taken(List<Entry> Fresh, List<Entry> Strays, HashSet<string> Types);
}
