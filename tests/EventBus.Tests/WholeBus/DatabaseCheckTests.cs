using FanOut.EventBus.Database;
using FanOut.TestServers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>A database that cannot hold events stops the start, and the message says what to do. One that is read-only is waited for.</summary>
public sealed class DatabaseCheckTests
{
    private static readonly DatabaseFacts Good = new()
    {
        Version = 150_018,
        Encoding = "UTF8",
        IsReadOnly = false,
        User = "app",
        HasSchema = false,
        MayCreate = true,
        MayMigrate = true,
        HasExtension = false,
        HasExtensionFiles = true,
    };

    private const string Grants = """
        grant usage on schema bus to app; grant select, insert, update on all tables in schema bus to app;
        grant usage on all sequences in schema bus to app
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("LATIN1")]
    [InlineData("WIN1252")]
    [InlineData("SQL_ASCII")]
    public async Task An_encoding_without_every_character_stops_the_start(string encoding)
    {
        await using var world = await BusWorld.CreateAsync();
        var name = $"{world.Database.Name}_{encoding}";
        await world.ExecuteAsync($"create database \"{name}\" encoding '{encoding}' locale 'C' template template0");
        await using var source = NpgsqlDataSource.Create($"{Connection(world, name)};Pooling=false");
        var builder = world.CreateHost(source);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartAsync(builder));

        Assert.Contains($"encoding {encoding}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("create database <name> encoding 'UTF8'", refused.Message, StringComparison.Ordinal);
        await world.ExecuteAsync($"drop database \"{name}\" with (force)");
    }

    [Fact]
    public void A_server_that_lacks_something_stops_the_start()
    {
        Assert.Null(DatabaseCheck.FindFault(Good));
        AssertRefused(Good with { Version = 130_014 }, "version 13");
        AssertRefused(Good with { HasExtensionFiles = false }, "btree_gist");

        static void AssertRefused(DatabaseFacts facts, string reason) =>
            Assert.Contains(reason, DatabaseCheck.FindFault(facts), StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_who_may_not_migrate_is_told_why()
    {
        Assert.Null(DatabaseCheck.WhyNotMigrate(Good, "bus"));
        Assert.Null(DatabaseCheck.WhyNotMigrate(Good with { MayCreate = false, HasSchema = true, HasExtension = true }, "bus"));
        AssertReason(Good with { MayCreate = false }, "'app' may not create the extension btree_gist");
        AssertReason(Good with { MayCreate = false, HasExtension = true }, "create schema bus authorization");
        AssertReason(Good with { MayMigrate = false, HasSchema = true }, "'app' does not own the schema");

        static void AssertReason(DatabaseFacts facts, string reason) =>
            Assert.Contains(reason, DatabaseCheck.WhyNotMigrate(facts, "bus"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drop schema bus cascade")]
    [InlineData("delete from bus.schema_versions")]
    public async Task A_start_waits_until_the_owner_of_the_schema_has_migrated_it(string behind)
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        await world.ExecuteAsync($"create role app login password 'app'; create table applied as table bus.schema_versions; {Grants}; {behind}");
        await using var source = ConnectAsApp(world);
        var log = new WarningSignal();
        var builder = world.CreateHost(source);
        builder.Logging.AddProvider(log);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());
        var starting = world.StartAsync(builder);

        var warning = await log.First.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.StartsWith("The start waits until schema 'bus' is migrated: ", warning, StringComparison.Ordinal);
        if (behind.StartsWith("drop", StringComparison.Ordinal))
        {
            await BusWorld.MigrateAsync(world.Database.ConnectionString, Cancellation);
            await world.ExecuteAsync($"select bus.register_stream('{world.Stream}')");
            await world.ExecuteAsync(Grants);
        }
        else
        {
            await world.ExecuteAsync("insert into bus.schema_versions select * from applied");
        }

        Assert.NotNull(await starting.WaitAsync(TimeSpan.FromSeconds(60), Cancellation));
    }

    [Fact]
    public async Task A_schema_that_is_newer_than_the_service_does_not_matter()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        await world.ExecuteAsync($"""
            create role app login password 'app'; {Grants};
            insert into bus.schema_versions (scriptname, applied) values ('FanOut.EventBus.Migrations.999_later.sql', now())
            """);
        await using var source = ConnectAsApp(world);
        var builder = world.CreateHost(source);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        Assert.NotNull(await world.StartAsync(builder));
    }

    [Theory]
    [InlineData("insert on bus.outbox", "grant insert on table bus.outbox to app")]
    [InlineData("usage on sequence bus.position_1", "grant usage on sequence bus.position_1 to app")]
    [InlineData("select on bus.consumer_group", "grant select on table bus.consumer_group to app")]
    public async Task A_missing_grant_is_named_at_start(string revoke, string grant)
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        await world.ExecuteAsync($"create role app login password 'app'; {Grants}; revoke {revoke} from app");
        await using var source = ConnectAsApp(world);
        var builder = world.CreateHost(source);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartAsync(builder));

        Assert.EndsWith($"as the owner of the schema: {grant}.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_read_only_is_waited_for()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.ExecuteAsync($"alter database {world.Database.Name} set default_transaction_read_only = on");
        await using var source = NpgsqlDataSource.Create($"{world.Database.ConnectionString};Application Name=read-only");
        var log = new WarningSignal();
        var builder = world.CreateHost(source);
        builder.Logging.AddProvider(log);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());
        var starting = world.StartAsync(builder);

        var warning = await log.First.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Contains("default_transaction_read_only is on", warning, StringComparison.Ordinal);
        await world.ExecuteAsync($"alter database {world.Database.Name} reset default_transaction_read_only");

        Assert.NotNull(await starting.WaitAsync(TimeSpan.FromSeconds(60), Cancellation));
    }

    private static NpgsqlDataSource ConnectAsApp(BusWorld world) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { Username = "app", Password = "app" }.ConnectionString);

    private static string Connection(BusWorld world, string database) =>
        new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { Database = database }.ConnectionString;
}
