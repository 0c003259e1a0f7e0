using FanOut.Chaos.Verifying;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace FanOut.Chaos.Deployments;

/// <summary>
/// A second system, in this process, that somebody has pointed at the same Redis: it has the same stream and group, and another database.
/// </summary>
internal sealed class OtherSystem : IAsyncDisposable
{
    private static readonly string InsertNotes = EmbeddedSql.Read("Deployments.insert_notes.sql");
    private readonly ConnectionMultiplexer _redis;
    private readonly IHost _host;
    private readonly HandledCount _handled;

    private OtherSystem(ConnectionMultiplexer redis, IHost host, HandledCount handled) => (_redis, _host, _handled) = (redis, host, handled);

    /// <summary>How many events it has handled.</summary>
    public int Handled => _handled.Value;

    public static async Task<OtherSystem> StartAsync(ChaosSystem system, PostgresDatabase database, CancellationToken cancellationToken)
    {
        var (redis, handled) = (await system.ConnectToRedisAsync(), new HandledCount());
        var builder = Hosts.Create(redis, database.DataSource);
        builder.Services.AddSingleton(handled);
        builder.AddEventBus()
            .AddEvent(Note.OldType, NoteJson.Default.Note)
            .AddStream(ChaosSystem.Stream.Value, stream => stream
                .AddOutbox(options => options.LeaseTimeout = TimeSpan.FromSeconds(2))
                .AddConsumerGroup(Verifier.WebhookGroup, handlers => handlers.Subscribe<Note, CountingHandler>())
                .AddReclaimer());
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        await using var command = database.DataSource.CreateCommand(InsertNotes);
        command.Parameters.AddWithValue(ChaosSystem.Stream.Value);
        command.Parameters.AddWithValue(Note.OldType);
        command.Parameters.AddWithValue(100);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new OtherSystem(redis, host, handled);
    }

    /// <summary>Whether a health check says that the stream is another outbox's.</summary>
    /// <param name="kind">How the check's name begins.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<bool> SaysSoAsync(string kind, CancellationToken cancellationToken)
    {
        var report = await Hosts.HealthAsync(_host, cancellationToken);
        var check = report.Entries.Single(entry => entry.Key.StartsWith(kind, StringComparison.Ordinal)).Value;
        return check.Status != HealthStatus.Healthy && check.Description?.Contains("outbox", StringComparison.Ordinal) == true;
    }

    public async ValueTask DisposeAsync()
    {
        await Hosts.StopAsync(_host);
        await _redis.DisposeAsync();
    }

    private sealed class HandledCount
    {
        private int _value;

        public int Value => Volatile.Read(ref _value);

        public void Add() => Interlocked.Increment(ref _value);
    }

    private sealed class CountingHandler(HandledCount count) : IEventHandler<Note>
    {
        public Task HandleAsync(EventContext<Note> context, CancellationToken cancellationToken)
        {
            count.Add();
            return Task.CompletedTask;
        }
    }
}
