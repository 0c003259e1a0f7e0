using System.Collections.Concurrent;
using System.Globalization;
using FanOut.EventBus.Tests.Publishing;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>A host goes on while a server refuses something, and ends quietly.</summary>
public sealed class HostLifetimeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_may_not_publish_to_the_channel_goes_on_by_polling()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        await world.Redis.ExecuteAsync("ACL", "SETUSER", "app", "on", ">app", "~*", "&*", "+@all");
        await using var limited = await server.ConnectAsync(options => (options.User, options.Password, options.AllowAdmin) = ("app", "app", false));
        await world.StartRelayAsync();
        var builder = world.Configure();
        builder.Services.AddSingleton<IConnectionMultiplexer>(limited);
        var host = await world.Bus.StartAsync(builder);
        await world.Redis.ExecuteAsync("ACL", "SETUSER", "app", "resetchannels");
        await world.Redis.ExecuteAsync("ACL", "LOG", "RESET");

        var events = await world.Bus.AddEventsAsync(1);
        await BusWorld.UntilAsync(
            async () =>
            {
                host.Services.GetRequiredService<Outbox>().NotifyCommitted();
                return await RefusalsAsync() >= 3;
            },
            () => "three refused messages");

        await world.AssertPublishedAsync(events);
        AssertRuns(host);

        async Task<long> RefusalsAsync() => ((RedisResult[])(await world.Redis.ExecuteAsync("ACL", "LOG"))!)
            .Select(entry => entry.ToDictionary())
            .Where(entry => (string?)entry["context"] == "toplevel" && (string?)entry["reason"] == "channel")
            .Sum(entry => long.Parse((string)entry["count"]!, CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("revoke select on bus.stream from app", "grant select on bus.stream to app", "permission denied")]
    [InlineData("alter role app password 'rotated'", "alter role app password 'app'", "password authentication failed")]
    public async Task A_host_outlives_a_refusal_of_Postgres(string refuse, string allow, string refusal)
    {
        using var log = new ServerLog();
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret", Log = log.File }, Cancellation);
        await using var world = await OutboxWorld.CreateAsync(postgres: server);
        await world.Bus.ExecuteAsync("""
            create role app login password 'app'; grant create on database CURRENT_DB to app; grant usage, create on schema bus to app;
            grant all on all tables in schema bus to app; grant all on all sequences in schema bus to app
            """.Replace("CURRENT_DB", world.Bus.Database.Name, StringComparison.Ordinal));
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionStringFor(world.Bus.Database.Name))
        {
            Username = "app",
            Password = "app",
            ConnectionLifetime = 1,
        };
        await using var source = NpgsqlDataSource.Create(settings.ConnectionString);
        var time = new RecordingTime();
        var builder = world.Configure();
        builder.Services.AddSingleton(source);
        builder.Services.AddSingleton<TimeProvider>(time);
        var host = await world.Bus.StartAsync(builder);

        await world.Bus.ExecuteAsync(refuse);
        await world.Bus.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
        var measured = time.Seconds;
        await BusWorld.UntilAsync(
            () => Task.FromResult(time.Seconds >= measured + 2 && log.Count(refusal) > 0),
            () => "two measurements that are refused");
        await world.Bus.ExecuteAsync(allow);

        // The relay and the measurements go on.
        var events = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync(events);
        await BusWorld.UntilAsync(
            async () => await world.Bus.ScalarAsync("select published from bus.stream") is long published && published == events[0].Position,
            () => "the measurement");
        AssertRuns(host);
    }

    /// <summary>A host is disposed without a stop when its start fails: at a port that is in use, for example.</summary>
    [Fact]
    public async Task A_host_that_is_disposed_while_it_runs_throws_on_no_timer()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var time = new RecordingTime();
        var builder = world.Configure();
        builder.Services.AddSingleton<TimeProvider>(time);
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(1));

        host.Dispose();

        // As a timer does that was due at that moment.
        Assert.NotEmpty(time.Callbacks);
        Assert.All(time.Callbacks, callback => callback());
    }

    [Fact]
    public async Task NotifyCommitted_never_throws()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = world.Configure().Build();
        await host.StartAsync(Cancellation);
        var outbox = host.Services.GetRequiredService<Outbox>();
        await host.StopAsync(Cancellation);
        host.Dispose();

        outbox.NotifyCommitted();
    }

    private static void AssertRuns(IHost host) =>
        Assert.False(
            host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested, "The host is stopping.");

    /// <summary>Keeps the timers' callbacks, and counts those of timers that run once a second.</summary>
    private sealed class RecordingTime : TimeProvider
    {
        private int _seconds;

        public int Seconds => Volatile.Read(ref _seconds);

        public ConcurrentQueue<Action> Callbacks { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Callbacks.Enqueue(() => callback(state));
            return base.CreateTimer(
                inner =>
                {
                    Interlocked.Add(ref _seconds, period == TimeSpan.FromSeconds(1) ? 1 : 0);
                    callback(inner);
                },
                state,
                dueTime,
                period);
        }
    }
}
