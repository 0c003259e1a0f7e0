using System.Globalization;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Tests.Reclaiming;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.DeadLetters;

/// <summary>Dead letters of one group, and what a test does with them.</summary>
internal sealed class Letters : IAsyncDisposable
{
    private Letters(ReclaimingWorld world, IServiceProvider services)
    {
        World = world;
        Services = services;
    }

    public ReclaimingWorld World { get; }

    public IServiceProvider Services { get; }

    public DeadLetterQueue Queue => Services.GetRequiredService<DeadLetterQueue>();

    public Redrive Redrive => Services.GetRequiredService<Redrive>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Letters> CreateAsync()
    {
        var world = await ReclaimingWorld.CreateAsync();
        return new(world, await world.CreateReclaimerAsync());
    }

    /// <summary>Publishes events that are delivered and become dead letters; unless completed, they are still pending as after a crash.</summary>
    /// <returns>Their numbers and ids on the stream.</returns>
    public async Task<(long[] Numbers, RedisValue[] Ids)> AddAsync(int count, bool isCompleted = true, string error = "Boom")
    {
        await World.Bus.PublishAsync(count);
        var ids = await World.ReadAsync("lane", count);
        var numbers = new List<long>();
        foreach (var id in ids)
        {
            numbers.Add(await RecordAsync(id, error));
        }

        if (isCompleted)
        {
            await CompleteAsync(numbers);
        }

        return ([.. numbers], ids);
    }

    public async Task<long> RecordAsync(RedisValue id, string error, string? redriveId = null)
    {
        await using var connection = await World.Bus.Postgres.OpenConnectionAsync(Cancellation);
        var fields = (await World.Redis.StreamRangeAsync(World.Key, id, id))[0].Values;
        var letter = new DeadLetter { Entry = EntryId.Parse(id.ToString()), RedriveId = redriveId, Fields = fields, Consumer = "lane", Deliveries = 3, Error = error };
        var number = await DeadLetterStore.TryAddAsync(connection, World.Stream, ReclaimingWorld.Group, letter, Cancellation);
        Assert.NotNull(number);
        return number.Value;
    }

    public async Task CompleteAsync(IEnumerable<long> numbers)
    {
        foreach (var number in numbers)
        {
            await Services.GetRequiredService<DeadLetterProjector>().ProjectAsync(number, Cancellation);
        }
    }

    public Task PassAsync() => ReclaimingWorld.PassAsync(Services);

    public Task<StreamEntry[]> RedrivenAsync() => World.Redis.StreamRangeAsync(World.Redrive);

    public async Task<bool> IsCoveredAsync(RedisValue id)
        => (bool)(await World.Bus.ScalarAsync(string.Create(CultureInfo.InvariantCulture, $"select exists (select from bus.inbox where entries @> {EntryId.Parse(id.ToString()).Value}::int8)")))!;

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
