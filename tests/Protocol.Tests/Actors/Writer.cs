using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>An order transaction: it reads what was committed before, adds an event, and commits or rolls back.</summary>
internal sealed class Writer(World world, string name, string type = "old", Behavior behavior = Behavior.Succeeds, bool rollsBack = false)
    : Actor(world, name)
{
    public int Event { get; private set; }

    protected override async Task RunAsync()
    {
        try
        {
            await AddAsync();
        }
        catch (ServerException)
        {
            // The order is not repeated: after a lost reply nobody knows whether it was committed.
        }
    }

    private async Task AddAsync()
    {
        Event = World.NextEvent();
        var facts = await Sql("read causes", transaction => new EventFacts(
            Event, behavior, transaction.Node.History.Read(transaction).Select(row => row.Event).ToArray())
        {
            IsSubscribed = transaction.Node.Subscriptions.Read(transaction).Any(subscription => subscription.Type == type),
        });
        World.Events[Event] = facts;

        // One CASE in one function. Switched off, it is INSERT .. SELECT nextval(): the xid comes with the insert.
        var position = await Sql("draw position", transaction =>
        {
            if (Rules.AssignXidBeforePosition)
            {
                transaction.AssignXid();
            }

            return transaction.Node.NextPosition();
        });
        await Sql("insert outbox row", transaction =>
        {
            transaction.Node.Outbox.Insert(transaction, new OutboxRow(position, Event, type));
            transaction.Node.History.Insert(transaction, new OutboxRow(position, Event, type));
            return true;
        });
        if (rollsBack)
        {
            RollBack();
        }
        else
        {
            await Commit();
        }
    }
}
