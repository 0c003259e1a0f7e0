using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>Creates missing groups, trims, prunes, and watches Redis' clock.</summary>
internal sealed class Maintainer(World world, string name, bool prunes = false) : Actor(world, name)
{
    private const int ClockSlack = 20;

    protected override async Task RunAsync()
    {
        (long Own, long Redis, int Connection)? last = null;
        while (true)
        {
            try
            {
                foreach (var group in World.Groups)
                {
                    await Redis("create group", redis => redis.CreateGroup(group));
                }

                last = await WatchClockAsync(last);
                await Redis("trim", redis => redis.TrimAcknowledged(World.Groups));
                if (prunes)
                {
                    await Auto("drop partition", transaction =>
                    {
                        var lowest = transaction.Node.Groups.Read(transaction).Min(group => group.DoneThrough);
                        return transaction.Node.Outbox.Delete(transaction, row => row.Position <= lowest);
                    });
                }
            }
            catch (ServerException)
            {
                Disconnect();
            }
        }
    }

    /// <summary>An entry that was delivered "later than now" would not become idle until Redis' clock has caught up.</summary>
    private async Task<(long Own, long Redis, int Connection)> WatchClockAsync((long Own, long Redis, int Connection)? last)
    {
        var now = await Redis("read time", redis => (Own: World.Now, Redis: redis.Time, redis.Connection));
        var wentBack = last is { } before && now.Redis - before.Redis < now.Own - before.Own - ClockSlack;
        if ((wentBack && Rules.TouchPendingWhenClockWentBack) || (last?.Connection != now.Connection && Rules.TouchPendingOnNewConnection))
        {
            await Redis("touch pending", redis => redis.TouchPending());
        }

        return now;
    }
}
