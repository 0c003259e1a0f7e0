using FanOut.EventBus.Publishing;
using Npgsql;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>Writers and one relay after the other, and what they should have brought about.</summary>
internal sealed class RelayHistory : IAsyncDisposable
{
    private const int Writers = 4;
    private readonly OutboxWorld _world;
    private readonly (NpgsqlConnection Connection, NpgsqlTransaction Transaction, List<Guid> Events)?[] _writers = new (NpgsqlConnection, NpgsqlTransaction, List<Guid>)?[Writers];
    private readonly HashSet<Guid> _committed = [];
    private readonly List<RelayBatch> _fixed = [];
    private readonly Queue<RelayBatch> _toAppend = [];
    private readonly Dictionary<Guid, EntryId> _ids = [];

    /// <summary>Of each event, those that were committed before it was added: it may follow from any of them.</summary>
    private readonly Dictionary<Guid, Guid[]> _causes = [];
    private ManualRelay _leader;
    private int _number;

    private RelayHistory(OutboxWorld world, ManualRelay leader)
    {
        _world = world;
        _leader = leader;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RelayHistory> BeginAsync(OutboxWorld world)
    {
        await world.ExecuteAsync("truncate bus.outbox, bus.relay_batch");
        await world.Redis.KeyDeleteAsync(world.Key);
        return new(world, await world.LeadByHandAsync());
    }

    public async Task TakeAsync(RelayStep step, int choice)
    {
        switch (step)
        {
            case RelayStep.Write:
                await WriteAsync(choice % Writers, 1 + (choice / Writers % 4));
                break;
            case RelayStep.Commit or RelayStep.RollBack:
                await EndAsync(choice % Writers, step == RelayStep.Commit);
                break;
            case RelayStep.Fix:
                await FixAsync(1 + (choice % 5));
                break;
            case RelayStep.Append when _toAppend.TryDequeue(out var next):
                await _leader.Appender.AppendAsync(next);
                break;
            case RelayStep.AppendAny when _fixed.Count > 0:
                var any = _fixed[choice % _fixed.Count];
                any.Next = 0;
                Assert.Contains((await _leader.Appender.AppendAsync(any)).Status, new[] { AppendStatus.Appended, AppendStatus.Behind });
                break;
            case RelayStep.Succeed:
                await SucceedAsync();
                break;
            case RelayStep.LoseTail:
                await LoseTailAsync(choice);
                break;
            case RelayStep.LoseAll:
                await _world.Redis.KeyDeleteAsync(_world.Key);
                break;
        }
    }

    /// <summary>Lets everybody finish, and compares.</summary>
    public async Task FinishAsync()
    {
        for (var writer = 0; writer < Writers; writer++)
        {
            await EndAsync(writer, commit: true);
        }

        await SucceedAsync();
        while (await FixAsync(100))
        {
            Assert.Equal(AppendStatus.Appended, (await _leader.Appender.AppendAsync(_toAppend.Dequeue())).Status);
        }

        var entries = (await _world.EntriesAsync()).Select(entry => (Id: EntryId.Parse(entry.Id.ToString()), Event: Guid.Parse((string)entry["id"]!))).ToArray();
        Assert.Equal(_committed.Order(), entries.Select(entry => entry.Event).Order());
        Assert.All(entries, entry => Assert.Equal(_ids[entry.Event], entry.Id));
        Assert.All(entries, entry => Assert.DoesNotContain(_causes[entry.Event], cause => _ids[cause] > entry.Id));
    }

    public async ValueTask DisposeAsync()
    {
        for (var writer = 0; writer < Writers; writer++)
        {
            await EndAsync(writer, commit: false);
        }

        await _leader.DisposeAsync();
    }

    private async Task WriteAsync(int writer, int count)
    {
        if (_writers[writer] is null)
        {
            var connection = await _world.Postgres.OpenConnectionAsync(Cancellation);
            _writers[writer] = (connection, await connection.BeginTransactionAsync(Cancellation), []);
        }

        var (open, _, added) = _writers[writer]!.Value;
        var events = Enumerable.Range(0, count).Select(_ => new NewEvent<Ping>("ping", new Ping(++_number))).ToArray();
        await _world.AddAsync(open, events);
        foreach (var item in events)
        {
            _causes[item.Id] = [.. _committed];
            added.Add(item.Id);
        }
    }

    private async Task EndAsync(int writer, bool commit)
    {
        if (_writers[writer] is not var (connection, transaction, events))
        {
            return;
        }

        _writers[writer] = null;
        if (commit)
        {
            await transaction.CommitAsync(Cancellation);
            _committed.UnionWith(events);
        }

        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private async Task<bool> FixAsync(int most)
    {
        if (await _leader.FixAsync(most) is not { } batch)
        {
            return false;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            Assert.True(_ids.TryAdd(batch.Ids[i], new(batch.Milliseconds, i)), $"{batch.Ids[i]} was given an id twice.");
        }

        _fixed.Add(batch);
        _toAppend.Enqueue(batch);
        return true;
    }

    private async Task SucceedAsync()
    {
        await _leader.DisposeAsync();
        _toAppend.Clear();
        _leader = await _world.LeadByHandAsync();
        await _leader.RecoverAsync();
    }

    private async Task LoseTailAsync(int choice)
    {
        var entries = await _world.EntriesAsync();
        if (entries.Length > 1)
        {
            var keep = 1 + (choice % (entries.Length - 1));
            await _world.Redis.StreamDeleteAsync(_world.Key, [.. entries[keep..].Select(entry => entry.Id)]);
            await _world.Redis.ExecuteAsync("XSETID", _world.Key, entries[keep - 1].Id);
        }
    }
}
