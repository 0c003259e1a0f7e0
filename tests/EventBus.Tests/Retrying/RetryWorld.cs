using System.Diagnostics.Metrics;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.Retrying;

/// <summary>A world with one group, whose retry queue is filled as lanes fill it.</summary>
internal sealed class RetryWorld : IAsyncDisposable
{
    public const string Type = Ping.EventType;
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly InboxTimeouts Timeouts = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private RetryWorld(BusWorld bus, RegisteredGroup group)
    {
        (Bus, Group) = (bus, group);
        Metrics = new EventBusMetrics(_services.GetRequiredService<IMeterFactory>());
        Queue = new RetryQueue(bus.Postgres, group, Metrics);
        Letters = new DeadLetterQueue(bus.Stream, bus.Catalog, bus.Postgres, Metrics);
    }

    public BusWorld Bus { get; }

    public RegisteredGroup Group { get; }

    public EventBusMetrics Metrics { get; }

    public RetryQueue Queue { get; }

    public DeadLetterQueue Letters { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RetryWorld> CreateAsync(int maxDeliveries = 3)
    {
        var bus = await BusWorld.CreateAsync();
        return new RetryWorld(bus, await bus.RegisterGroupAsync("retries", maxDeliveries));
    }

    /// <summary>Adds events to the outbox and rows of them to the queue, in a transaction that takes their positions.</summary>
    public async Task<TestEvent[]> AddAsync(int count, string type = Type, string? deadOf = null, RegisteredGroup? group = null)
    {
        var events = await Bus.AddEventsAsync(count, type);
        await AddAsync(events, deadOf, group);
        return events;
    }

    public Task AddAsync(TestEvent[] events, string? deadOf = null, RegisteredGroup? group = null) => AddAsync(
        [.. events.Select(item => deadOf is null
            ? NewRetry.Waiting(Wire(item), $"{item.Number}-0", 0, TimeSpan.Zero)
            : NewRetry.Dead(Wire(item), $"{item.Number}-0", 3, deadOf))],
        [.. events.Select(item => new InboxCandidate(item.Position, item.Id))],
        group ?? Group);

    public async Task AddAsync(NewRetry[] rows, InboxCandidate[] candidates, RegisteredGroup group)
    {
        await using var inbox = await InboxTransaction.BeginAsync(Bus.Postgres, group, Timeouts, candidates, Cancellation);
        Assert.All(candidates, candidate => Assert.True(inbox.IsFresh(candidate.Position)));
        await inbox.CommitAsync([RetryInsert.Command(group, rows)], Cancellation);
    }

    public static WireEvent Wire(TestEvent item) =>
        WireEvent.TryRead(BusWorld.Fields(item), out var wire) is { } error ? throw new ArgumentException(error) : wire;

    public async Task<IReadOnlyList<RetryRow>> ClaimAsync(Guid claim, int count = 100, params string[] types) =>
        await Queue.ClaimManyAsync(claim, types is [] ? [Type] : types, count, Lease, Cancellation);

    public Task<RetryRow?> ClaimUnfinishedAsync(Guid claim, RetryQueue? queue = null) =>
        (queue ?? Queue).ClaimUnfinishedAsync(claim, [Type], Lease, Cancellation);

    /// <summary>Lets all claims end.</summary>
    public Task EndClaimsAsync() => Bus.ExecuteAsync("update bus.retry set due_at = clock_timestamp() - interval '1 second' where claim is not null");

    /// <summary>Handles claimed rows as a worker does: locks them first.</summary>
    /// <returns>The numbers that were still the claim's.</returns>
    public async Task<long[]> FinishAsync(Guid claim, params long[] numbers)
    {
        await using var connection = await Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var own = await LockAsync(connection, transaction, claim, numbers);
        await CheckedCommit.RunAsync(connection, transaction, [ClaimedRows.Finish(Group, own)], Cancellation);
        return own;
    }

    /// <summary>Lets a claimed row fail as a worker does.</summary>
    /// <returns>Whether the claim still had the row.</returns>
    public async Task<bool> FailAsync(long number, Guid claim, int attempts, string error, TimeSpan delay, bool isDead)
    {
        await using var connection = await Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var own = await LockAsync(connection, transaction, claim, number);
        var fail = own.Select(row => ClaimedRows.Fail(Group, row, attempts, error, delay, isDead));
        await CheckedCommit.RunAsync(connection, transaction, fail, Cancellation);
        return own.Length == 1;
    }

    public async Task<long[]> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid claim, params long[] numbers)
    {
        await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { ClaimedRows.Lock(Group, claim, numbers) } };
        await using var reader = await batch.ExecuteReaderAsync(Cancellation);
        var own = new List<long>();
        while (await reader.ReadAsync(Cancellation))
        {
            own.Add(reader.Get<long>("number"));
        }

        return [.. own];
    }

    /// <summary>How many rows there are in each state, as <c>dead 1, waiting 2</c>.</summary>
    public async Task<string> StatesAsync() => (string)(await Bus.ScalarAsync("""
        select coalesce(string_agg(state || ' ' || count, ', ' order by state), '')
        from (select state, count(*) from bus.retry group by state) as states
        """))!;

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await _services.DisposeAsync();
    }
}
