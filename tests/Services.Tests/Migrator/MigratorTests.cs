using System.Diagnostics;
using FanOut.Migrator.Roles;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.Migrator;

/// <summary>The migrator, as a plain role that may create roles and owns the database.</summary>
public sealed class MigratorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrators_that_run_at_once_or_again_agree()
    {
        await using var database = await MigratedDatabase.CreateAsync();

        await Task.WhenAll(database.MigrateAsync(), database.MigrateAsync());
        var privileges = await PrivilegesAsync(database);
        await database.MigrateAsync();

        Assert.Equal(privileges, await PrivilegesAsync(database));
        Assert.Equal(["orders"], await ReadAsync(database, "select name from bus.stream"));
        Assert.Equal(
            ["fanout_reclaimer"],
            await ReadAsync(database, "select distinct pg_get_userbyid(relowner)::text from pg_class where relname ~ '^(outbox|position)_[0-9]'"));
        Assert.Equal(
            ["fanout_owner"],
            await ReadAsync(database, "select distinct pg_get_userbyid(nspowner)::text from pg_namespace where nspname !~ '^(pg_|inf|pub)'"));
    }

    [Fact]
    public async Task A_new_password_replaces_the_old_one_and_open_connections_stay()
    {
        await using var database = await MigratedDatabase.CreateAsync();
        await database.MigrateAsync();
        await using var open = new NpgsqlConnection(database.ConnectAs("order-api"));
        await open.OpenAsync(Cancellation);

        await database.MigrateAsync("sécond; '");

        await using var command = new NpgsqlCommand("select count(*) from orders.orders", open);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Cancellation));
        await OpenAsync(database.ConnectAs("order-api", "sécond; '"));
        await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(database.ConnectAs("order-api") + ";Pooling=false"));

        await database.MigrateAsync(password: null);
        await OpenAsync(database.ConnectAs("order-api", "sécond; '"));
    }

    [Theory]
    [InlineData("nocreaterole", "", "create role fanout_analytics_worker login password '...'; create role fanout_notification_worker")]
    [InlineData("createrole", "alter database {0} owner to postgres", "alter database {0} owner to fanout_owner")]
    [InlineData("createrole", "create schema orders", "grant postgres to fanout_owner")]
    [InlineData(
        "nocreaterole",
        "create role fanout_reclaimer; create role fanout_order_api; create role fanout_webhook_worker; create role fanout_analytics_worker; "
            + "create role fanout_notification_worker; create role fanout_stream_console",
        "alter role fanout_owner createrole; grant fanout_reclaimer to fanout_owner")]
    public async Task A_right_that_the_migrator_lacks_stops_it_with_the_statement_to_run(string ownerMay, string before, string statement)
    {
        await using var database = await MigratedDatabase.CreateAsync(ownerMay);
        await database.ExecuteAsync($"select 1; {string.Format(null, before, database.Database.Name)}");

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => database.MigrateAsync());

        var wanted = $"Run as an administrator: {string.Format(null, statement, database.Database.Name)}";
        Assert.Contains(wanted, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roles_that_an_administrator_has_made_need_no_right_to_create_roles()
    {
        await using var database = await MigratedDatabase.CreateAsync("nocreaterole");
        foreach (var role in ServiceRolesOptions.Services.Select(ServiceRolesOptions.NameOf))
        {
            await database.ExecuteAsync($"create role {role} login password 'first'");
        }

        await database.ExecuteAsync("grant fanout_reclaimer to fanout_owner");

        await database.MigrateAsync(password: null);

        await OpenAsync(database.ConnectAs("reclaimer"));
    }

    [Fact]
    public async Task Schemas_that_services_owned_earlier_are_taken_over()
    {
        await using var database = await MigratedDatabase.CreateAsync();
        await database.ExecuteAsync("""
            create role fanout_order_api login password 'first'; create role fanout_reclaimer login password 'first';
            create extension btree_gist; create schema bus authorization fanout_reclaimer; create schema orders authorization fanout_order_api;
            set role fanout_order_api; create table orders.kept (id int); reset role;
            """);

        await database.MigrateAsync();

        Assert.Equal(["fanout_owner"], await ReadAsync(database, "select pg_get_userbyid(relowner)::text from pg_class where relname = 'kept'"));
        Assert.Equal(["fanout_owner"], await ReadAsync(database, "select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'bus'"));
    }

    [Fact]
    public async Task A_service_that_starts_first_waits_for_the_migrator()
    {
        await using var database = await MigratedDatabase.CreateAsync();
        await database.ExecuteAsync("create role fanout_order_api login password 'first'");
        var settings = new Dictionary<string, string> { ["ConnectionStrings:fanout"] = database.ConnectAs("order-api") };
        var starting = ServiceHost<OrderWriter>.StartAsync(settings, database.Database, Cancellation);

        // The service has asked: it is in the database.
        await Eventually.BecomesTrueAsync(
            async () => (await ReadAsync(database, "select usename::text from pg_stat_activity where usename = 'fanout_order_api'")).Count > 0);
        await database.MigrateAsync();

        await using var service = await starting.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(0, await CountOrdersAsync(service));
    }

    [Theory]
    [InlineData("Roles:orders:Password", "secret", "Roles:orders is of no service. Use order-api, webhook-worker,")]
    [InlineData("Roles:order-api:Password", " ", "Roles:order-api:Password is empty. Set a password, or leave Roles:order-api out")]
    public void A_wrong_setting_is_named(string key, string value, string message)
    {
        var options = new ServiceRolesOptions();
        options.Roles[key.Split(':')[1]] = new() { Password = value };

        var result = new ServiceRolesOptions.Validator().Validate(Options.DefaultName, options);

        Assert.Contains(message, result.FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Access__DevelopmentKey", "fanout_development.x", "Access:DevelopmentKey is only for Development")]
    [InlineData("Roles__orders__Password", "secret", "Roles:orders is of no service")]
    [InlineData("PGPASSWORD", "wrong", "28P01")]
    public async Task What_stops_it_is_logged_and_its_exit_code_is_1(string variable, string value, string message)
    {
        await using var database = await MigratedDatabase.CreateAsync();
        var owner = new NpgsqlConnectionStringBuilder(database.ConnectAs("order-api")) { Username = "fanout_owner", Password = null };
        var start = new ProcessStartInfo("dotnet", SourceTree.Program("Migrator"))
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["ConnectionStrings__fanout"] = owner.ConnectionString, ["PGPASSWORD"] = "owner", ["DOTNET_ENVIRONMENT"] = "Production",
                [variable] = value,
            },
        };

        using var process = Process.Start(start)!;
        var log = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);

        Assert.Contains(message, log, StringComparison.Ordinal);
        Assert.Equal(1, process.ExitCode);
    }

    private static async Task<int> CountOrdersAsync(ServiceHost<OrderWriter> service)
    {
        var database = (NpgsqlDataSource)service.Services.GetService(typeof(NpgsqlDataSource))!;
        await using var command = database.CreateCommand("select count(*)::int from orders.orders");
        return (int)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static async Task OpenAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancellation);
    }

    /// <summary>Every relation with its owner and its access control list.</summary>
    private static Task<List<string>> PrivilegesAsync(MigratedDatabase database) => ReadAsync(
        database,
        """
        select concat_ws(
            ' ', oid::regclass, pg_get_userbyid(relowner), (select string_agg(entry::text, ' ' order by entry::text) from unnest(relacl) as entry))
        from pg_class where relnamespace::regnamespace::text in ('bus', 'access', 'orders', 'webhooks', 'analytics', 'notifications') order by 1
        """);

    private static async Task<List<string>> ReadAsync(MigratedDatabase database, string sql)
    {
        await using var command = database.Database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var values = new List<string>();
        while (await reader.ReadAsync(Cancellation))
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }
}
