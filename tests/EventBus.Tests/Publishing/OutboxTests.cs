using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class OutboxTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_reach_the_stream_in_order_with_all_their_fields_and_headers()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        var outbox = host.Services.GetRequiredService<Outbox>();
        var time = new DateTimeOffset(1996, 7, 4, 10, 20, 30, 123, TimeSpan.FromHours(2));
        var first = new NewEvent<Ping>("größe", new Ping(1))
        {
            Time = time,
            Headers = new Dictionary<string, string> { ["tenant"] = "Łódź \"1\"", ["dataref"] = "" },
        };
        NewEvent<Ping>[] rest =
        [
            new("2", new Ping(2)), new("3", new Ping(3)) { Headers = new Dictionary<string, string> { ["a"] = "1" } }, new("4", new Ping(4)),
        ];
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await outbox.AddAsync(connection, first, Cancellation);
            await outbox.AddAsync(connection, rest, Cancellation);
        }

        await world.UntilLengthAsync(4);
        var entries = await world.EntriesAsync();
        var published = await world.PublishedAsync();
        Assert.Equal([first.Id, .. rest.Select(item => item.Id)], published);
        Assert.Equal(
            ["position", "id", "type", "source", "subject", "time", "data", "traceparent", "tracestate", "dataref", "tenant"],
            entries[0].Values.Select(field => (string)field.Name!));
        Assert.Equal(EventFields.Count, entries[1].Values.Length);
        var events = entries.Select(entry => WireEvent.TryRead(entry.Values, out var wire) is null ? wire : default).ToArray();
        Assert.Equal([1L, 2, 3, 4], events.Select(wire => wire.Position));
        var metadata = events[0].ToMetadata(Ping.EventType);
        Assert.Equal((time, "größe", "tests"), (metadata.Time, metadata.Subject, metadata.Source));
        Assert.Equal("Łódź \"1\"", metadata.Headers["tenant"]);
        Assert.Equal("1", events[2].ToMetadata("").Headers["a"]);
        Assert.Equal("""{"number":1}""", System.Text.Encoding.UTF8.GetString(events[0].Data.Span));
    }

    [Theory]
    [InlineData("Tenant", "1")]
    [InlineData("position", "1")]
    [InlineData("", "1")]
    [InlineData("tenant", "a\nb")]
    [InlineData("tenant", null)]
    public async Task A_header_that_cannot_be_carried_is_refused(string name, string? value)
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        var item = new NewEvent<Ping>("s", new Ping(1)) { Headers = new Dictionary<string, string> { [name] = value! } };
        Assert.Throws<ArgumentException>(() => host.Services.GetRequiredService<Outbox>().CreateCommand([item]));
    }

    [Fact]
    public async Task An_outbox_that_is_used_before_the_start_says_so()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = world.Configure().Build();
        var outbox = host.Services.GetRequiredService<Outbox>();
        var refused = Assert.Throws<InvalidOperationException>(() => outbox.CreateCommand([new NewEvent<Ping>("s", new Ping(1))]));
        Assert.Contains("before the host has started", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_outbox_refuses_events_until_it_has_drained()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = world.Configure(options => options.MaxBacklog = 100).Build();
        await host.Services.GetRequiredService<OutboxStart>().StartingAsync(Cancellation);
        var (outbox, backlog) = (host.Services.GetRequiredService<Outbox>(), host.Services.GetRequiredService<OutboxBacklog>());
        await world.Bus.AddEventsAsync(100);
        await backlog.MeasureAsync(Cancellation);
        Assert.True(outbox.IsFull);
        Assert.Equal(100, Assert.Throws<OutboxFullException>(() => outbox.CreateCommand([new NewEvent<Ping>("s", new Ping(1))])).Backlog);

        var relay = host.Services.GetRequiredService<Relay>();
        await relay.StartAsync(Cancellation);
        await world.UntilLengthAsync(100);
        await BusWorld.UntilAsync(
            async () =>
            {
                await backlog.MeasureAsync(Cancellation);
                return !outbox.IsFull;
            },
            () => "an outbox that is not full");
        Assert.Equal((0, TimeSpan.Zero), (outbox.Backlog, backlog.Age));
        Assert.Equal(100L, await world.Bus.ScalarAsync("select published from bus.stream"));
        await relay.StopAsync(Cancellation);
    }

    [Fact]
    public async Task An_idle_relay_wakes_for_a_commit_in_another_process_and_for_a_follow_up_event()
    {
        await using var world = await OutboxWorld.CreateAsync();
        Action<OutboxOptions> configure = options =>
            (options.PollInterval, options.LeaseTimeout) = (TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));
        var leader = await world.StartRelayAsync(configure);
        await OutboxWorld.UntilStateAsync(leader, RelayState.Leading);
        var other = await world.StartRelayAsync(configure);
        await BusWorld.UntilAsync(
            async () => (await world.Redis.ExecuteAsync("PUBSUB", "NUMSUB", StreamKeys.Wake(world.Bus.Stream).ToString()))[1].ToString() == "1",
            () => "a subscriber");
        Assert.Equal(RelayState.Standby, other.Services.GetRequiredService<RelayStatus>().State);

        var began = 0L;
        Action<IHost>[] wakers =
        [
            host => host.Services.GetRequiredService<Outbox>().NotifyCommitted(),
            host => host.Services.GetRequiredService<OutboxWakeUps>().CommittedSince(began),
        ];
        var count = 0;
        foreach (var host in new[] { leader, other })
        {
            foreach (var wake in wakers)
            {
                began = TimeProvider.System.GetTimestamp();
                await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
                {
                    await host.Services.GetRequiredService<Outbox>().AddAsync(connection, new NewEvent<Ping>("s", new Ping(++count)), Cancellation);
                }

                var started = Stopwatch.GetTimestamp();
                wake(host);
                await world.UntilLengthAsync(count);
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(1.5), $"It took {Stopwatch.GetElapsedTime(started)}.");
            }
        }
    }

    [Fact]
    public async Task A_lane_that_commits_wakes_no_relay_to_which_nothing_was_added()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = world.Configure().Build();
        var wakeUp = host.Services.GetRequiredService<OutboxWakeUp>();
        host.Services.GetRequiredService<RelayStatus>().Set(RelayState.Leading);
        wakeUp.Adding();
        var began = TimeProvider.System.GetTimestamp() + 1;
        host.Services.GetRequiredService<OutboxWakeUps>().CommittedSince(began);
        Assert.False(wakeUp.Local.WaitAsync(Cancellation).IsCompleted);
    }

    [Fact]
    public async Task A_transaction_that_draws_a_position_has_its_xid()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var id = world.Bus.Identity.Id;

        // A sequence writes to the log, and so takes a xid by itself, only once in 32 values.
        await world.Bus.ExecuteAsync($"select bus.next_position({id})");
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var draw = new Npgsql.NpgsqlCommand($"select bus.next_position({id})", connection, transaction);
        await draw.ExecuteScalarAsync(Cancellation);
        await using var ask = new Npgsql.NpgsqlCommand("select pg_current_xact_id_if_assigned() is not null", connection, transaction);
        Assert.Equal(true, await ask.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task Data_that_is_too_large_is_refused()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddEvent("test.text", PingJson.Default.String).AddStream(world.Bus.Stream.Value, stream => stream.AddOutbox());
        var host = await world.Bus.StartAsync(builder);
        var large = new NewEvent<string>("s", new string('x', 8 << 20));
        var refused = Assert.Throws<ArgumentException>(() => host.Services.GetRequiredService<Outbox>().CreateCommand([large]));
        Assert.Contains("8388608 are allowed", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alter sequence bus.position_1 cache 20", "cache of 20")]
    public async Task A_setting_that_would_lose_events_stops_the_start(string setting, string message)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.ExecuteAsync(setting);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartRelayAsync());
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outbox_rows_cannot_be_changed()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.AddEventsAsync(1);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => world.Bus.ExecuteAsync("update bus.outbox set subject = 'x'"));
        Assert.Contains("immutable", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_that_ends_between_two_polls_of_an_idle_leader_is_refused()
    {
        var options = new OutboxOptions { LeaseTimeout = TimeSpan.FromMilliseconds(200), PollInterval = TimeSpan.FromSeconds(2) };
        Assert.NotEmpty(options.Validate(new ValidationContext(options)));
    }
}
