using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Ledger;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Ledger;

/// <summary>A published history, a group that is due all of it, and beside its inbox the plain set of ids that it should hold.</summary>
internal sealed class InboxHistory : IAsyncDisposable
{
    private const int Events = 14;
    private static readonly int[] BatchSizes = [1, 3, 2, 4];
    private readonly OutboxWorld _world;
    private readonly IHost _host;
    private readonly EntryId[] _ids;
    private readonly Dictionary<EntryId, NameValueEntry[]> _events;
    private readonly HashSet<EntryId> _handled = [];
    private readonly Dictionary<EntryId, long> _letters = [];
    private RegisteredGroup _group = null!;
    private EntryId? _looked;
    private RangeMerge? _plan;
    private int _groups;

    private InboxHistory(OutboxWorld world, StreamEntry[] entries)
    {
        _world = world;
        _ids = [.. entries.Select(entry => EntryId.Parse(entry.Id.ToString()))];
        _events = entries.ToDictionary(entry => EntryId.Parse(entry.Id.ToString()), entry => entry.Values);
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        _host = builder.Build();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<InboxHistory> CreateAsync()
    {
        var world = await OutboxWorld.CreateAsync();
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(Events);
        for (var i = 0; await leader.FixAsync(BatchSizes[i % BatchSizes.Length]) is { } batch; i++)
        {
            await leader.Appender.AppendAsync(batch);
        }

        return new(world, await world.EntriesAsync());
    }

    /// <summary>Begins anew, with another group.</summary>
    /// <param name="decided">So many of the first events are handled.</param>
    /// <param name="dead">But this one is a dead letter.</param>
    public async Task BeginAsync(int decided, int dead)
    {
        var name = new GroupName($"g{++_groups}");
        var groups = _host.Services.GetRequiredService<ConsumerGroups>();
        await groups.RegisterAsync(_world.Stream, name, new ConsumerOptions { Start = GroupStart.History }, Cancellation);
        await groups.EnsureAsync(_world.Stream, name, Cancellation);
        await _world.ExecuteAsync($"update bus.consumer_group set checkpoint = {_ids[^1].Value} where name = '{name}'");
        _group = (await _host.Services.GetRequiredService<RegisteredGroups>().FindAsync(_world.Stream, Cancellation)).Single(group => group.Name == name);
        _handled.Clear();
        _letters.Clear();
        (_looked, _plan) = (null, null);
        await BuryAsync(_ids[dead]);
        await HandleAsync(_ids[..decided]);
    }

    public async Task TakeAsync(InboxStep step, int choice)
    {
        var first = choice % _ids.Length;
        switch (step)
        {
            case InboxStep.Handle:
                await HandleAsync(_ids[first..Math.Min(_ids.Length, first + 1 + (choice / _ids.Length % 6))]);
                break;
            case InboxStep.Bury:
                await BuryAsync(_ids[first]);
                break;
            case InboxStep.Redrive when _letters.Count > 0:
                var (entry, number) = _letters.ElementAt(choice % _letters.Count);
                Assert.Equal([number], await _host.Services.GetRequiredService<Redrive>().DecideAsync(_world.Stream, _group.Name, [number], "ada", Cancellation));
                _letters.Remove(entry);
                break;
            case InboxStep.Compact:
                await new InboxCompaction(_world.Postgres).CompactAsync(_world.Stream, _group.Name, _group.Checkpoint, Cancellation);
                break;
            case InboxStep.Look:
                _looked = _ids.TakeWhile(id => _handled.Contains(id) || _letters.ContainsKey(id)).Select(id => (EntryId?)id).LastOrDefault();
                break;
            case InboxStep.Plan when _looked is { } edge:
                await PlanAsync(edge);
                break;
            case InboxStep.Merge when _plan is { } plan:
                await using (var connection = await _world.Postgres.OpenConnectionAsync(Cancellation))
                {
                    await InboxCompaction.TryMergeAsync(connection, _world.Stream, _group.Name, [plan], Cancellation);
                }

                _plan = null;
                break;
            case InboxStep.Check:
                await _host.Services.GetRequiredService<InboxLedger>().CheckAsync(_group, Cancellation);
                break;
            case InboxStep.Care:
                await _host.Services.GetRequiredService<Redrive>().CareAsync(_world.Stream, _group.Name, Cancellation);
                break;
        }
    }

    public async Task AssertAsync()
    {
        var inbox = new InboxTable(_world.Stream, _group.Name);
        await using var connection = await _world.Postgres.OpenConnectionAsync(Cancellation);
        var covered = await inbox.FindCoveredAsync(connection, _ids, Cancellation);
        Assert.Equal(_handled.Concat(_letters.Keys).Order(), covered.Order());
        Assert.Equal((long)_handled.Count, await _world.ScalarAsync($"select events from bus.group_progress where \"group\" = '{_group.Name}'"));
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _world.DisposeAsync();
    }

    private async Task HandleAsync(EntryId[] ids)
    {
        await using var connection = await _world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var before = await new InboxTable(_world.Stream, _group.Name).TakeAsync(connection, ids, Cancellation) ?? [];
        await transaction.CommitAsync(Cancellation);
        foreach (var id in ids.Where(id => !before.Contains(id)))
        {
            Assert.True(_handled.Add(id) && !_letters.ContainsKey(id), $"{id} was given twice.");
        }
    }

    private async Task BuryAsync(EntryId id)
    {
        await using var connection = await _world.Postgres.OpenConnectionAsync(Cancellation);
        var letter = new DeadLetter { Entry = id, RedriveId = null, Fields = _events[id], Consumer = "lane", Deliveries = 3, Error = "Boom" };
        if (await DeadLetterStore.TryAddAsync(connection, _world.Stream, _group.Name, letter, Cancellation) is not { } number)
        {
            return;
        }

        Assert.False(_handled.Contains(id) || _letters.ContainsKey(id), $"{id} became a dead letter though it was decided before.");
        _letters.Add(id, number);
        await _world.ExecuteAsync($"update bus.dead_letters set projected_at = now() where number = {number}");
    }

    /// <summary>What the ledger would merge: all ranges up to the id of which it knows that nothing is missing.</summary>
    private async Task PlanAsync(EntryId edge)
    {
        await using var connection = await _world.Postgres.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand("select lower(entries), upper(entries) from bus.inbox where \"group\" = $1 and upper(entries) <= $2", connection);
        command.Parameters.AddWithValue(_group.Name.Value);
        command.Parameters.AddWithValue(edge.Value + 1);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var ranges = new List<EntryRange>();
        while (await reader.ReadAsync(Cancellation))
        {
            ranges.Add(new(reader.GetInt64(0), reader.GetInt64(1)));
        }

        _plan = ranges.Count < 2 ? null : new RangeMerge(new(ranges.Min(range => range.From), ranges.Max(range => range.To)), ranges.Count, ranges.Sum(range => range.Length));
    }
}
