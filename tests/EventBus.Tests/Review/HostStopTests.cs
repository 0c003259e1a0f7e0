using FanOut.EventBus.Tests.Publishing;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Review;

public sealed class HostStopTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_may_not_publish_to_the_channel_goes_on_by_polling()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        await world.Redis.ExecuteAsync("ACL", "SETUSER", "app", "on", ">app", "~*", "resetchannels", "+@all");
        await using var limited = await server.ConnectAsync(options => (options.User, options.Password, options.AllowAdmin) = ("app", "app", false));
        await world.StartRelayAsync();
        var builder = world.Configure();
        builder.Services.AddSingleton<IConnectionMultiplexer>(limited);
        var host = await world.Bus.StartAsync(builder);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        var events = await world.Bus.AddEventsAsync(1);
        host.Services.GetRequiredService<Outbox>().NotifyCommitted();
        await world.AssertPublishedAsync(events);

        Assert.False(await lifetime.ApplicationStopping.IsCancelledWithinAsync(TimeSpan.FromSeconds(2)), "The host is stopping.");
    }

    [Theory]
    [InlineData("revoke select on bus.stream from app")]
    [InlineData("alter role app password 'rotated'")]
    public async Task A_host_outlives_a_refusal_of_Postgres(string refusal)
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
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
        var builder = world.Configure();
        builder.Services.AddSingleton(source);
        var host = await world.Bus.StartAsync(builder);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        await world.Bus.ExecuteAsync(refusal);
        await world.Bus.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");

        Assert.False(await lifetime.ApplicationStopping.IsCancelledWithinAsync(TimeSpan.FromSeconds(4)), "The host is stopping.");
    }
}
