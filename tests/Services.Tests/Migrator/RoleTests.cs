using FanOut.EventBus;
using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.Migrator;

/// <summary>What the role of a service may not do. That it may do what the service needs is tested with the whole system.</summary>
public sealed class RoleTests(RoleTests.Migrated migrated) : IClassFixture<RoleTests.Migrated>
{
    private static readonly Dictionary<string, string> Own = new()
    {
        ["order-api"] = "orders",
        ["webhook-worker"] = "webhooks",
        ["analytics-worker"] = "analytics",
        ["notification-worker"] = "notifications",
        ["reclaimer"] = "",
        ["stream-console"] = "",
    };

    public static TheoryData<string> Services => [.. Own.Keys];

    public static TheoryData<string> Recording => [.. Own.Keys.Except(["stream-console"])];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_cannot_use_the_schema_of_another(string service)
    {
        await using var postgres = migrated.ConnectAs(service);
        var tables = await ReadAsync(
            "select oid::regclass::text from pg_class where relkind in ('r', 'p', 'v') and relnamespace::regnamespace::text in "
            + $"({string.Join(", ", Own.Values.Except([Own[service], ""]).Select(schema => $"'{schema}'"))})");

        Assert.NotEmpty(tables);
        foreach (var table in tables)
        {
            await AssertRefusedAsync(postgres, $"select from {table}");
            await AssertRefusedAsync(postgres, $"delete from {table}");
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_cannot_change_what_it_does_not_own(string service)
    {
        await using var postgres = migrated.ConnectAs(service);
        string[] statements =
        [
            "create table public.mine (id int)", "create schema mine", "create temporary table mine (id int)", "create role mine",
            "create database mine",
            "alter role fanout_owner password 'mine'", "set role fanout_owner", "truncate bus.retry", "drop table bus.stream",
            "delete from bus.schema_versions", "insert into access.api_keys (id, name, owner, hash, scopes) values ('a', 'a', 'a', '', '{*}')",
            "update access.api_keys set scopes = '{*}'", "delete from access.api_keys", "update access.data_protection_keys set xml = ''",
            "delete from access.data_protection_keys", "select pg_read_file('/etc/passwd')", "alter system set fsync = off",
            "drop extension btree_gist",
            .. Own[service] is { Length: > 0 } own ? [$"create table {own}.mine (id int)", $"delete from {own}.schema_versions"] : (string[])[],
            .. service == "reclaimer" ? [] : (string[])[
                "create table bus.mine (id int)", "drop table bus.outbox_1", "insert into bus.stream (name) values ('b')",
            ],
        ];

        foreach (var statement in statements)
        {
            await AssertRefusedAsync(postgres, statement);
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Only_what_encrypts_reads_the_key_ring_and_only_the_order_API_writes_the_outbox(string service)
    {
        await using var postgres = migrated.ConnectAs(service);

        await AssertAsync(service is "webhook-worker" or "stream-console", "select from access.data_protection_keys");
        await AssertAsync(service == "order-api", "update bus.stream set published = published");
        await AssertAsync(service is "order-api" or "reclaimer", "insert into bus.outbox_1 select * from bus.outbox_1 where false");
        await AssertAsync(service is not ("order-api" or "stream-console"), "delete from bus.retry where false");
        await AssertAsync(allowed: true, "select from access.api_keys");
        await AssertAsync(allowed: true, "update access.api_keys set last_used_at = now()");

        Task AssertAsync(bool allowed, string sql) => allowed ? ExecuteAsync(postgres, sql) : AssertRefusedAsync(postgres, sql);
    }

    [Theory]
    [MemberData(nameof(Recording))]
    public async Task A_service_records_actions_and_cannot_change_or_delete_a_record(string service)
    {
        const string Insert = "insert into access.actions (by_name, by_key, owner, service, action, target) values ('a', 'a', 'a', 'a', 'a', 'a')";
        await migrated.ExecuteAsync($"delete from access.actions; {Insert}; update access.actions set status = 200; {Insert}");
        await using var postgres = migrated.ConnectAs(service);

        await ExecuteAsync(postgres, $"{Insert} returning id");
        await ExecuteAsync(postgres, "update access.actions set status = 500 where status is null");
        await AssertRefusedAsync(postgres, "insert into access.actions (status, at) values (200, now())");
        await AssertRefusedAsync(postgres, "update access.actions set by_name = 'b'");
        await AssertRefusedAsync(postgres, "update access.actions set at = now()");
        if (service == "reclaimer")
        {
            await migrated.ExecuteAsync("update access.actions set at = now() - interval '401 days' where id = (select max(id) from access.actions)");
            await ExecuteAsync(postgres, "delete from access.actions");
        }
        else
        {
            await AssertRefusedAsync(postgres, "select by_name from access.actions");
            await AssertRefusedAsync(postgres, "delete from access.actions");
        }

        var left = service == "reclaimer" ? new[] { "200", "500" } : ["200", "500", "500"];
        Assert.Equal(left, (await ReadAsync("select status::text from access.actions")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_console_reads_and_records_no_actions_because_the_services_do_that()
    {
        await using var postgres = migrated.ConnectAs("stream-console");

        await AssertRefusedAsync(postgres, "select from access.actions");
        await AssertRefusedAsync(postgres, "insert into access.actions (action) values ('a')");
    }

    [Fact]
    public async Task A_role_of_no_service_cannot_connect()
    {
        await migrated.ExecuteAsync("create role stranger login password 'first'");
        await using var postgres = migrated.ConnectAs("order-api", connection => connection.Username = "stranger");

        await AssertRefusedAsync(postgres, "select 1");
    }

    [Fact]
    public async Task Partitions_and_tables_of_later_migrations_are_granted()
    {
        await using (var reclaimer = migrated.ConnectAs("reclaimer"))
        {
            await ExecuteAsync(reclaimer, "select bus.register_stream('invoices')");
            await ExecuteAsync(reclaimer, "select bus.add_outbox_partition(1, 16000000, 17000000)");
        }

        await migrated.ExecuteAsync("set role fanout_owner; create table orders.later (id int generated always as identity); reset role");
        await migrated.MigrateAsync();

        await using var api = migrated.ConnectAs("order-api");
        await ExecuteAsync(api, "insert into orders.later default values");
        await ExecuteAsync(api, "select bus.next_position(2)");
        await ExecuteAsync(api, "select from bus.outbox_2");
        await ExecuteAsync(api, "select from bus.outbox_1_16000000");
    }

    [Fact]
    public async Task What_the_reclaimer_adds_to_the_outbox_never_runs_as_the_administrator_who_erases()
    {
        await migrated.ExecuteAsync(
            """
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            values (1, 7, gen_random_uuid(), 'order.placed', 'test', 'erased', now(), 'personal')
            """);
        await using (var reclaimer = migrated.ConnectAs("reclaimer"))
        {
            await ExecuteAsync(
                reclaimer,
                """
                create table bus.seen (name text);
                create function bus.spy() returns trigger language plpgsql as $$
                    begin insert into bus.seen values (current_user); return new; end $$;
                create trigger spy before update on bus.outbox for each row execute function bus.spy();
                """);
        }

        await using var redis = await ConnectionMultiplexer.ConnectAsync((await RedisServer.SharedAsync()).NewDatabase());
        var erased = await new EventErasure(redis, migrated.Superuser).EraseAsync(
            new StreamName("orders"), ["erased"], _ => "{}"u8.ToArray(), Cancellation);

        Assert.Equal(1, erased.Events);
        Assert.Equal(["fanout_reclaimer"], await ReadAsync("select name from bus.seen"));
    }

    private static async Task AssertRefusedAsync(NpgsqlDataSource postgres, string sql)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(postgres, sql));
        Assert.True(refused.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{sql}: {refused.Message}");
    }

    private static async Task ExecuteAsync(NpgsqlDataSource postgres, string sql)
    {
        await using var command = postgres.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private async Task<List<string>> ReadAsync(string sql)
    {
        await using var command = migrated.Superuser.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var values = new List<string>();
        while (await reader.ReadAsync(Cancellation))
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }

    /// <summary>A database that the migrator has made.</summary>
    public sealed class Migrated : IAsyncLifetime
    {
        private MigratedDatabase _database = null!;

        internal NpgsqlDataSource Superuser => _database.Database.DataSource;

        public async ValueTask InitializeAsync()
        {
            _database = await MigratedDatabase.CreateAsync();
            await _database.MigrateAsync();
        }

        internal NpgsqlDataSource ConnectAs(string service, Action<NpgsqlConnectionStringBuilder>? configure = null)
        {
            var connection = new NpgsqlConnectionStringBuilder(_database.ConnectAs(service));
            configure?.Invoke(connection);
            return NpgsqlDataSource.Create(connection);
        }

        internal Task ExecuteAsync(string sql) => _database.ExecuteAsync(sql);

        internal Task MigrateAsync() => _database.MigrateAsync();

        public ValueTask DisposeAsync() => _database.DisposeAsync();
    }
}
