using System.Globalization;
using System.Net.Http.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using FanOut.EmbeddedHosting.Processes;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Xunit;

namespace FanOut.EmbeddedHosting.Tests;

public sealed class RunningSampleTests(RunningSample sample) : IClassFixture<RunningSample>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_resource_starts_only_after_all_replicas_it_waits_for_are_healthy()
    {
        var events = sample.Events.ToList();
        var start = events.FindIndex(change => change.ResourceId == "second" && change.Snapshot.State?.Text == KnownResourceStates.Starting);
        Assert.True(start > 0);
        foreach (var replica in (string[])["first", "first-2"])
        {
            var healthy = events.FindIndex(change => change.ResourceId == replica && change.Snapshot.HealthStatus is HealthStatus.Healthy);
            Assert.InRange(healthy, 0, start);
            var database = events.FindIndex(change => change.ResourceId == "things" && change.Snapshot.HealthStatus is HealthStatus.Healthy);
            Assert.InRange(database, 0, events.FindIndex(change => change.ResourceId == replica && change.Snapshot.State?.Text == KnownResourceStates.Starting));
        }
    }

    [Fact]
    public async Task A_service_gets_the_environment_that_Aspire_would_give_it()
    {
        var first = await EnvironmentOfAsync("first");
        Assert.Equal(await sample.App.GetConnectionStringAsync("cache", Cancelled), first["ConnectionStrings__cache"]);
        Assert.Matches("^127\\.0\\.0\\.1:[0-9]+,password=[A-Za-z0-9]+$", first["ConnectionStrings__cache"]);
        Assert.Matches("^Host=127\\.0\\.0\\.1;Port=[0-9]+;Username=postgres;Password=[A-Za-z0-9]+;Database=things$", first["ConnectionStrings__things"]);
        Assert.Equal("things", first["THINGS_DATABASENAME"]);
        Assert.Equal("first", first["OTEL_SERVICE_NAME"]);
        Assert.StartsWith("service.instance.id=first-", first["OTEL_RESOURCE_ATTRIBUTES"], StringComparison.Ordinal);

        var second = await EnvironmentOfAsync("second");
        var endpoint = sample.App.GetEndpoint("second");
        Assert.Equal(endpoint.GetLeftPart(UriPartial.Authority), second["ASPNETCORE_URLS"]);
        Assert.Equal(endpoint.Port.ToString(CultureInfo.InvariantCulture), second["SAMPLE_PORT"]);
        Assert.False(second.ContainsKey("ConnectionStrings__cache"));
    }

    [Fact]
    public async Task A_resource_s_own_command_is_carried_out_and_says_how_it_went()
    {
        var asked = await sample.App.ResourceCommands.ExecuteCommandAsync("first", "ask", Cancelled);
        var inVain = await sample.App.ResourceCommands.ExecuteCommandAsync("first", "ask-in-vain", Cancelled);
        var unknown = await sample.App.ResourceCommands.ExecuteCommandAsync("first", "dance", Cancelled);

        Assert.True(asked.Success);
        Assert.Contains("OTEL_SERVICE_NAME", asked.Message, StringComparison.Ordinal);
        Assert.Equal((false, "Request failed with status code NotFound"), (inVain.Success, inVain.Message));
        Assert.False(unknown.Success);
    }

    [Fact]
    public async Task Each_replica_has_a_port_of_its_own_and_service_discovery_lists_them_all()
    {
        var second = await EnvironmentOfAsync("second");
        string[] urls = [second["services__first__http__0"], second["services__first__http__1"]];
        Assert.Equal(2, urls.Distinct().Count());
        Assert.Equal(urls[0], second["FIRST_HTTP"]);
        using var http = new HttpClient();
        var instances = await Task.WhenAll(urls.Select(async url => (await http.GetFromJsonAsync<Dictionary<string, string>>(new Uri(new Uri(url), "/environment"), Cancelled))!["OTEL_RESOURCE_ATTRIBUTES"]));
        Assert.Equal(2, instances.Distinct().Count());
    }

    [Theory]
    [InlineData("second")]
    [InlineData("cache")]
    [InlineData("server")]
    public async Task What_is_killed_is_started_again_and_becomes_healthy(string resource)
    {
        using var limit = new CancellationTokenSource(Patience);
        var killed = sample.PidOf(resource);
        var connectionString = resource == "second" ? null : await sample.App.GetConnectionStringAsync(resource, limit.Token);
        Signals.Send(killed, StopSignal.Kill);
        await sample.App.ResourceNotifications.WaitForResourceAsync(
            resource,
            change => change.Snapshot.HealthStatus is HealthStatus.Healthy && change.Snapshot.Properties.Any(property => property.Name == "executable.pid" && property.Value is int pid && pid != killed),
            limit.Token);
        if (connectionString is not null)
        {
            Assert.Equal(connectionString, await sample.App.GetConnectionStringAsync(resource, limit.Token));
        }
    }

    [Fact]
    public async Task A_stopped_resource_stays_down_until_it_is_started()
    {
        using var limit = new CancellationTokenSource(Patience);
        var stopped = sample.PidOf("first-2");
        Assert.True((await sample.App.ResourceCommands.ExecuteCommandAsync("first-2", KnownResourceCommands.StopCommand, limit.Token)).Success);
        Assert.Null(ProcessIdentity.Of(stopped));
        Assert.True(sample.App.ResourceNotifications.TryGetCurrentState("first-2", out var state));
        Assert.Equal(KnownResourceStates.Finished, state.Snapshot.State?.Text);
        Assert.True((await sample.App.ResourceCommands.ExecuteCommandAsync("first-2", KnownResourceCommands.StartCommand, limit.Token)).Success);
        await sample.App.ResourceNotifications.WaitForResourceHealthyAsync("first", limit.Token);
        Assert.False((await sample.App.ResourceCommands.ExecuteCommandAsync("nothing", KnownResourceCommands.StopCommand, limit.Token)).Success);
    }

    [Fact]
    public async Task Postgres_asks_for_its_password_and_syncs_and_is_not_run_by_root()
    {
        var connectionString = await sample.App.GetConnectionStringAsync("things", Cancelled);
        await using var database = NpgsqlDataSource.Create(connectionString!);
        await using var command = database.CreateCommand("select current_database(), current_setting('fsync'), current_setting('listen_addresses')");
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        Assert.True(await reader.ReadAsync(Cancelled));
        Assert.Equal(("things", "on", "127.0.0.1"), (reader.GetString(0), reader.GetString(1), reader.GetString(2)));

        await using var stranger = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Password = "wrong", Pooling = false }.ConnectionString);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => stranger.OpenAsync(Cancelled));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);

        var owner = (await File.ReadAllLinesAsync($"/proc/{sample.PidOf("server")}/status", Cancelled)).Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2];
        Assert.NotEqual("0", owner);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private async Task<Dictionary<string, string>> EnvironmentOfAsync(string resource)
    {
        using var http = sample.App.CreateHttpClient(resource);
        return (await http.GetFromJsonAsync<Dictionary<string, string>>("/environment", Cancelled))!;
    }
}
