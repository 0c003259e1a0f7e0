using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Chaos.Deployments;

/// <summary>A further consumer group of the orders' stream, with two versions of its worker, in this process.</summary>
internal sealed class UpgradedGroup : IAsyncDisposable
{
    private const string Group = "chaos-upgrade";
    private static readonly string[] Types = [Note.OldType, Note.NewType];
    private static readonly string CreateTables = EmbeddedSql.Read("Deployments.create_tables.sql");
    private static readonly string InsertNotes = EmbeddedSql.Read("Deployments.insert_notes.sql");
    private static readonly string CountEffects = EmbeddedSql.Read("Deployments.count_effects.sql");
    private readonly ChaosSystem _system;
    private readonly ConnectionMultiplexer _redis;
    private readonly List<IHost> _hosts = [];
    private long _begin;

    private UpgradedGroup(ChaosSystem system, ConnectionMultiplexer redis) => (_system, _redis) = (system, redis);

    public static async Task<UpgradedGroup> CreateAsync(ChaosSystem system, CancellationToken cancellationToken)
    {
        var group = new UpgradedGroup(system, await system.ConnectToRedisAsync());
        await using (var create = system.Database.CreateCommand(CreateTables))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        group._begin = await new Verifying.Observer(system).PositionAsync(cancellationToken);
        return group;
    }

    /// <summary>Starts a replica.</summary>
    public async Task<IHost> StartAsync(bool isNew, CancellationToken cancellationToken)
    {
        var builder = Hosts.Create(_redis, _system.Database);
        var bus = builder.AddEventBus().AddEvent(Note.OldType, NoteJson.Default.Note);
        if (isNew)
        {
            bus.AddEvent(Note.NewType, NoteJson.Default.NewNote);
        }

        bus.AddStream(ChaosSystem.Stream.Value, stream => stream.AddGroupAdministration().AddConsumerGroup(
            Group,
            handlers =>
            {
                handlers.Subscribe<Note, NoteHandler>();
                if (isNew)
                {
                    handlers.Subscribe<NewNote, NewNoteHandler>();
                }
            },
            options =>
            {
                // The first replica's start is what counts.
                options.Start = GroupStart.Now;
                options.Lanes = 2;
                options.BatchSize = 20;
                options.RetryPollInterval = TimeSpan.FromMilliseconds(100);
                options.ReclaimAfter = QuickSettings.ReclaimAfter;
            }));
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync(cancellationToken);
        await Hosts.UntilHealthyAsync(host, cancellationToken);
        return host;
    }

    public async Task StopAsync(IHost host)
    {
        _hosts.Remove(host);
        await Hosts.StopAsync(host);
    }

    public async Task PublishAsync(bool isNew, int count, CancellationToken cancellationToken)
    {
        await using var command = _system.Database.CreateCommand(InsertNotes);
        command.Parameters.AddWithValue(ChaosSystem.Stream.Value);
        command.Parameters.AddWithValue(isNew ? Note.NewType : Note.OldType);
        command.Parameters.AddWithValue(count);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> IsDoneAsync(CancellationToken cancellationToken) =>
        await CountAsync(cancellationToken) is var (events, with, _) && events == with;

    /// <summary>What is wrong with the effects; null where each event has one.</summary>
    public async Task<string?> DescribeFaultAsync(CancellationToken cancellationToken)
    {
        var (events, with, effects) = await CountAsync(cancellationToken);
        return events == with && with == effects ? null : $"of {events} events, {with} took effect, {effects} times in all";
    }

    /// <summary>Removes the group, which would hold back the stream.</summary>
    public Task UnregisterAsync(CancellationToken cancellationToken) =>
        _hosts[^1].Services.GetRequiredService<ConsumerGroupAdministration>().UnregisterAsync(new GroupName(Group), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(Hosts.StopAsync));
        await _redis.DisposeAsync();
    }

    private async Task<(long Events, long WithEffect, long Effects)> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = _system.Database.CreateCommand(CountEffects);
        command.Parameters.AddWithValue(Types);
        command.Parameters.AddWithValue(_begin);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }
}
