using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>Registers a group that starts with what commits from now on.</summary>
internal sealed class NowStart(World world, string name, string group) : Actor(world, name)
{
    protected override async Task RunAsync()
    {
        var (highest, xid) = (0L, 0L);
        highest = await Auto("read highest position", transaction =>
            transaction.Node.Outbox.Read(transaction).Select(row => row.Position).DefaultIfEmpty().Max());
        xid = await Auto("draw own xid", transaction => transaction.AssignXid());
        while (Rules.NowWaitsForItsHorizon && await Auto("read xmin", transaction => transaction.Node.SnapshotXmin) <= xid)
        {
            // An order below the horizon is still open.
        }

        await Auto("register group", transaction =>
        {
            transaction.Node.Groups.Insert(transaction, new GroupRow(group, highest));
            return true;
        });
    }
}
