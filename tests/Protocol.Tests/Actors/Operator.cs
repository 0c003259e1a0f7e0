using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>A person who redrives dead letters a few times, confirms restores, and adds a subscription by deploying a new version.</summary>
internal sealed class Operator(World world, string name, int redrives = 0, bool deploysNewType = false) : Actor(world, name)
{
    protected override async Task RunAsync()
    {
        var (redriven, deployed) = (0, !deploysNewType);
        while (true)
        {
            try
            {
                await Local("look", () => true);
                if (!deployed)
                {
                    await Auto("subscribe", transaction => Subscribe(transaction));
                    deployed = true;
                }

                if (redriven < redrives && (await Auto("redrive", Redrive)).Count > 0)
                {
                    redriven++;
                }

                if (World.Unconfirmed is { } found)
                {
                    await Auto("confirm restore", transaction => transaction.Node.Streams.Update(transaction, _ => true, row => new StreamRow(
                        Math.Max(row.Generation, found.Generation) + 1, World.NextRun(), [.. row.Earlier, row.Outbox, found.Outbox])));
                    World.Unconfirmed = null;
                }
            }
            catch (ServerException)
            {
                Disconnect();
            }
        }
    }

    private List<RetryRow> Redrive(Transaction transaction) => transaction.Node.Retries.Update(
        transaction,
        row => row.IsDead && (row.Position is not null || !Rules.RedriveOnlyEvents),
        row => row with { IsDead = false, Attempts = 0, Claim = null, DueAt = World.Now });

    private bool Subscribe(Transaction transaction)
    {
        foreach (var group in World.Groups)
        {
            transaction.Node.Subscriptions.Insert(transaction, new Subscription(group, "new"));
        }

        return true;
    }
}
