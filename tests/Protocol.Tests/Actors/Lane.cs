using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>One consumer of a group. It never reads its own past: what it leaves behind in a crash is the reclaimer's.</summary>
internal sealed class Lane(World world, string name, string group, params string[] knownTypes) : GroupMember(world, name, group)
{
    private const int BatchSize = 4;

    private HashSet<string> _typesAtStart = [];

    protected override async Task RunAsync()
    {
        _typesAtStart = ["old"];
        while (true)
        {
            try
            {
                var batch = await Redis("read group", redis => redis.ReadGroup(Group, Name, BatchSize));
                if (batch.Count > 0)
                {
                    await HandleAsync(batch);
                    await Redis("acknowledge", redis => redis.Acknowledge(Group, batch.Select(entry => entry.Id)));
                }
            }
            catch (ServerException)
            {
                // A lost XREADGROUP or XACK leaves entries in the PEL: the reclaimer finds them idle.
            }
        }
    }

    /// <summary>Handles a batch in one transaction. After a failure it is halved, down to one event a transaction.</summary>
    private async Task HandleAsync(List<Entry> batch)
    {
        var hasFailed = false;
        while (true)
        {
            try
            {
                if (await TryHandleAsync(batch, hasFailed))
                {
                    return;
                }

                RollBack();
                if (batch.Count == 1)
                {
                    hasFailed = true;
                    continue;
                }

                await HandleAsync([.. batch.Take(batch.Count / 2)]);
                await HandleAsync([.. batch.Skip(batch.Count / 2)]);
                return;
            }
            catch (ServerException)
            {
                // No fault of an event: the batch is repeated. If the commit was made, the inbox has it.
                RollBack();
            }
        }
    }

    private async Task<bool> TryHandleAsync(List<Entry> batch, bool hasFailed)
    {
        var taken = await TakeAsync(batch);
        var subscribed = Rules.ReadSubscriptionsInTransaction ? taken.Types : _typesAtStart;
        foreach (var entry in taken.Fresh)
        {
            if (!knownTypes.Contains(entry.Type))
            {
                // For a replica that knows it; what the group has not subscribed to is done.
                if (Rules.KeepUnknownTypesForOthers && subscribed.Contains(entry.Type))
                {
                    await WriteRetryAsync(entry);
                }

                continue;
            }

            switch (hasFailed ? Outcome.Failed : await Local("handle", () => World.Handle(Group, entry.Event)))
            {
                case Outcome.Done:
                    await Sql("effect", transaction =>
                    {
                        transaction.Node.Effects.Insert(transaction, new Effect(Group, entry.Event));
                        return true;
                    });
                    break;
                case Outcome.Failed:
                    await WriteRetryAsync(entry);
                    break;
                case Outcome.Rejected:
                    await WriteRetryAsync(entry, isDead: true);
                    break;
                default:
                    return false;
            }
        }

        await Commit();
        return true;
    }
}
