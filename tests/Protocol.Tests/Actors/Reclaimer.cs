using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Actors;

/// <summary>Turns entries that nobody works on into retry rows. It calls no handler.</summary>
internal sealed class Reclaimer(World world, string name, string group) : GroupMember(world, name, group)
{
    private const int PageSize = 3;

    protected override async Task RunAsync()
    {
        while (true)
        {
            try
            {
                var page = await Redis("claim idle", redis => redis.AutoClaim(Group, Name, World.ReclaimAfter, PageSize));
                if (page.Count > 0)
                {
                    await MoveAsync(page);
                    await Redis("acknowledge", redis => redis.Acknowledge(Group, page.Select(entry => entry.Id)));
                }
            }
            catch (ServerException)
            {
                // They become idle again. A slow lane's open transaction ends this with lock_timeout.
                RollBack();
            }
        }
    }

    private async Task MoveAsync(List<Entry> page)
    {
        if (!Rules.TakePositionWithRetryRow)
        {
            foreach (var entry in page)
            {
                await WriteRetryAsync(entry);
            }

            await Commit();
            return;
        }

        var taken = await TakeAsync(page);
        foreach (var entry in taken.Fresh.Where(entry => taken.Types.Contains(entry.Type)))
        {
            await WriteRetryAsync(entry);
        }

        await Commit();
    }
}
