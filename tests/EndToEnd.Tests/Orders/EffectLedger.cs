using FanOut.Contracts;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests.Orders;

/// <summary>The effects of each group, from its own tables.</summary>
internal sealed class EffectLedger(RunningSystem system)
{
    /// <summary>Waits until all orders have taken effect in each group. Then each must have exactly one effect.</summary>
    public async Task AssertOnceInEachGroupAsync(IReadOnlyCollection<Guid> orders)
    {
        foreach (var group in Group.All)
        {
            await AssertOnceAsync(group, orders);
        }
    }

    public async Task AssertOnceAsync(Group group, IReadOnlyCollection<Guid> orders)
    {
        string[] wanted = [.. orders.Select(order => order.ToString()).Order(StringComparer.Ordinal)];
        Assert.Equal(wanted.Length, wanted.Distinct().Count());
        await Eventually.GetAsync(
            () => SubjectsAsync(group, wanted),
            subjects => subjects.Distinct().Count() == wanted.Length,
            subjects => $"{group.Name} has effects for {subjects.Distinct().Count()} of {wanted.Length} orders.");

        // A pending entry, or one that waits for a retry, could still take effect a second time.
        await DrainedAsync(group);
        Assert.Equal(wanted, await SubjectsAsync(group, wanted));
    }

    public Task DrainedAsync(Group group) => Eventually.GetAsync(
        async () => (Pending: await PendingAsync(group), Waiting: await WaitingAsync(group)),
        open => open == (0, 0),
        open => $"{group.Name} has {open.Pending} entries pending, and {open.Waiting} events wait for a retry.");

    /// <summary>The orders that have an effect in the group, once per effect.</summary>
    public Task<string[]> SubjectsAsync(Group group, IReadOnlyCollection<string> among) =>
        QueryAsync(group, "where subject = any($1) order by subject collate \"C\"", [.. among]);

    public Task<string[]> AllSubjectsAsync(Group group) => QueryAsync(group, "order by subject collate \"C\"", []);

    private async Task<long> PendingAsync(Group group) =>
        (await system.Redis.GetDatabase().StreamPendingAsync(EventStreams.Orders, group.Name)).PendingMessageCount;

    private async Task<long> WaitingAsync(Group group)
    {
        await using var command = system.Database.CreateCommand("""select waiting from bus.group_progress where "group" = $1""");
        command.Parameters.AddWithValue(group.Name);
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private async Task<string[]> QueryAsync(Group group, string rest, string[] among)
    {
        // The schema is one of three constants.
#pragma warning disable CA2100
        await using var command = system.Database.CreateCommand($"select subject from {group.Schema}.effects {rest}");
#pragma warning restore CA2100
        if (among.Length > 0)
        {
            command.Parameters.AddWithValue(among);
        }

        var subjects = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            subjects.Add(reader.GetString(0));
        }

        return [.. subjects];
    }
}
