using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>Works off bus.retry: many rows in one transaction; what such a claim left unfinished alone.</summary>
internal sealed class RetryWorker(World world, string name, string group, params string[] knownTypes) : Actor(world, name)
{
    private const int ClaimSize = 3;

    protected override async Task RunAsync()
    {
        while (true)
        {
            // The worker chooses the claim's id: after a lost reply it asks what the claim got.
            var claim = World.NextRun();
            try
            {
                var rows = await ClaimAsync(claim, ClaimMany);
                if (rows.Count > 0 && !await TryHandleAsync(rows, claim))
                {
                    RollBack();
                    foreach (var row in rows)
                    {
                        await HandleAloneAsync(row, claim, isCounted: false);
                    }
                }

                foreach (var row in await ClaimAsync(claim, ClaimOneUnfinished))
                {
                    await HandleAloneAsync(row, claim, isCounted: true);
                }
            }
            catch (ServerException)
            {
                // What was claimed is claimed again when the lease has ended.
                RollBack();
            }
        }
    }

    private async Task<List<RetryRow>> ClaimAsync(int claim, Func<Transaction, int, List<RetryRow>> statement)
    {
        try
        {
            return await Auto("claim", transaction => statement(transaction, claim));
        }
        catch (ServerException)
        {
            return await Auto("read claim", transaction => transaction.Node.Retries.Read(transaction).Where(row => row.Claim == claim).ToList());
        }
    }

    private List<RetryRow> ClaimMany(Transaction transaction, int claim) => transaction.Node.Retries.Update(
        transaction,
        row => IsDue(row) && (row.Claim is null || !Rules.CountLoneClaims || (!Rules.ClaimOfManyCountsNothing && row.Attempts < World.MaxDeliveries)),
        row => row with
        {
            Claim = claim,
            LeaseEnds = World.Now + World.Lease,
            Attempts = Rules.ClaimOfManyCountsNothing ? row.Attempts : row.Attempts + 1,
        },
        ClaimSize);

    /// <summary>Claims a row whose lease has ended. The attempt is committed before the handler runs; after the last one the row is dead.</summary>
    private List<RetryRow> ClaimOneUnfinished(Transaction transaction, int claim)
    {
        var claimed = !Rules.CountLoneClaims ? [] : transaction.Node.Retries.Update(
            transaction,
            row => IsDue(row) && row.Claim is not null,
            row => row.Attempts >= World.MaxDeliveries
                ? row with { IsDead = true, Claim = null }
                : row with { Claim = claim, LeaseEnds = World.Now + World.Lease, Attempts = row.Attempts + 1 },
            limit: 1);
        claimed.RemoveAll(row => row.IsDead);
        claimed.ForEach(CountLoneClaim);
        return claimed;
    }

    private bool IsDue(RetryRow row) => row.Group == group && !row.IsDead && row.DueAt <= World.Now
        && (row.Claim is null || row.LeaseEnds <= World.Now)
        && (!Rules.ClaimOnlyKnownTypes || knownTypes.Contains(row.Type));

    private void CountLoneClaim(RetryRow row) =>
        World.LoneClaims[(group, row.Event)] = World.LoneClaims.GetValueOrDefault((group, row.Event)) + 1;

    private async Task HandleAloneAsync(RetryRow row, int claim, bool isCounted)
    {
        if (!isCounted)
        {
            var counted = await Auto("count attempt", transaction => transaction.Node.Retries.Update(
                transaction,
                found => found.Number == row.Number && found.Claim == claim,
                found => found with { Attempts = found.Attempts + 1, LeaseEnds = World.Now + World.Lease }));
            counted.ForEach(CountLoneClaim);
        }

        if (await TryHandleAsync([row], claim))
        {
            return;
        }

        RollBack();
        var recorded = await Auto("record failure", transaction => transaction.Node.Retries.Update(
            transaction,
            found => found.Number == row.Number && found.Claim == claim,
            found => found with { IsDead = found.Attempts >= World.MaxDeliveries, Claim = null, DueAt = World.Now + World.RetryDelay }));
        recorded.ForEach(_ => World.LoneClaims[(group, row.Event)]--);
    }

    /// <summary>Deletes the rows first, which locks them and shows whether the claim is still this worker's. False: a handler failed.</summary>
    private async Task<bool> TryHandleAsync(List<RetryRow> rows, int claim)
    {
        var own = Rules.DeleteOwnRowFirst
            ? await Sql("delete own rows", transaction =>
                transaction.Node.Retries.Delete(transaction, row => row.Claim == claim && IsOneOf(rows, row)))
            : rows;
        foreach (var row in own)
        {
            // A type that it does not know fails like a handler does, though none was called.
            var outcome = knownTypes.Contains(row.Type) ? await Local("handle", () => World.Handle(group, row.Event)) : Outcome.Failed;
            if (outcome is Outcome.Failed or Outcome.FailedTouched)
            {
                return false;
            }

            await Sql("effect", transaction =>
            {
                if (outcome == Outcome.Rejected)
                {
                    transaction.Node.Retries.Insert(transaction, row with { IsDead = true, Claim = null });
                }
                else
                {
                    transaction.Node.Effects.Insert(transaction, new Effect(group, row.Event));
                }

                return true;
            });
        }

        if (!Rules.DeleteOwnRowFirst)
        {
            await Sql("delete rows last", transaction => transaction.Node.Retries.Delete(transaction, row => IsOneOf(rows, row)));
        }

        await Commit();
        return true;
    }

    private static bool IsOneOf(List<RetryRow> rows, RetryRow row) => rows.Exists(other => other.Number == row.Number);
}
