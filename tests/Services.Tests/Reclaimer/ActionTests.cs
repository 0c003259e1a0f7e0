using System.Net;
using System.Net.Http.Json;
using FanOut.Contracts.Operations;
using FanOut.Contracts.Webhooks;
using FanOut.Reclaimer;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Access;
using FanOut.TestServers;
using FanOut.WebhookWorker;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

public sealed class ActionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_action_is_recorded_with_who_when_what_and_how_it_ended()
    {
        await using var operations = await Operations.StartAsync();
        var letter = await operations.AddAsync();
        var key = await NewKey.InAsync(operations.Host.Database.DataSource, Scopes.OpsWrite);
        using var ada = new HttpClient { BaseAddress = operations.Host.Address, DefaultRequestHeaders = { Authorization = new("Bearer", key.Text) } };

        var redriven = await SendAsync(ada, $"/dead-letters/{letter}/redrive");
        var again = await SendAsync(ada, $"/dead-letters/{letter}/redrive");
        var many = await SendAsync(ada, "/dead-letters/discard", """{"group":"billing","error":"ada@example.com","subject":"s-1"}""");

        var actions = (await operations.Api.ListActionsAsync(cancellationToken: Cancellation)).Actions;
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.OK], [redriven, again, many]);
        Assert.Equal(
            [
                ("discard dead letters", "/dead-letters/discard group=billing subject=s-1 error=...", 200),
                ("redrive dead letter", $"/dead-letters/{letter}/redrive", 409), ("redrive dead letter", $"/dead-letters/{letter}/redrive", 200),
            ],
            actions.Select(action => (action.Action, action.Target, action.Status)));
        Assert.All(actions, action => Assert.Equal(("ada", "FanOut.Reclaimer"), (action.By, action.Service)));
        Assert.All(actions, action => Assert.InRange(
            action.At, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5)));
        Assert.Equal(3, await CountAsync(operations.Host.Database, $"access.actions where by_key = '{key.Id}' and owner = 'shop'"));
    }

    [Fact]
    public async Task The_record_of_an_undo_names_the_change_that_is_undone()
    {
        await using var operations = await Operations.StartAsync();
        await operations.AddAsync();
        var change = Guid.CreateVersion7();

        await operations.SendAsync(HttpMethod.Post, "/dead-letters/discard", $$"""{"all":true,"change":"{{change}}"}""");
        await operations.SendAsync(HttpMethod.Post, "/dead-letters/undo", $$"""{"change":"{{change}}"}""");

        var actions = (await operations.Api.ListActionsAsync(cancellationToken: Cancellation)).Actions;
        Assert.Equal(
            [
                ("undo dead letters", $"/dead-letters/undo change={change}", 200),
                ("discard dead letters", $"/dead-letters/discard all=true change={change}", 200),
            ],
            actions.Select(action => (action.Action, action.Target, action.Status)));
    }

    [Fact]
    public async Task What_is_refused_or_only_read_is_not_recorded()
    {
        await using var operations = await Operations.StartAsync();
        var reader = await NewKey.InAsync(operations.Host.Database.DataSource, Scopes.OpsRead);
        using var client = new HttpClient { BaseAddress = operations.Host.Address };

        var anonymous = await SendAsync(client, "/dead-letters/1/redrive");
        client.DefaultRequestHeaders.Authorization = new("Bearer", reader.Text);
        var forbidden = await SendAsync(client, "/dead-letters/1/redrive");
        await operations.Api.ListDeadLettersAsync(cancellationToken: Cancellation);

        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden], [anonymous, forbidden]);
        Assert.Empty((await operations.Api.ListActionsAsync(cancellationToken: Cancellation)).Actions);
    }

    [Fact]
    public async Task Without_a_record_there_is_no_action()
    {
        await using var operations = await Operations.StartAsync();
        var letter = await operations.AddAsync();
        await operations.ExecuteAsync("alter table access.actions rename to mislaid");

        var refused = await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{letter}/redrive");
        var state = await operations.StateAsync(letter);
        await operations.ExecuteAsync("alter table access.mislaid rename to actions");
        var accepted = await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{letter}/redrive");

        refused.IsProblem(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("record", (string?)refused.Json["detail"], StringComparison.Ordinal);
        Assert.NotNull(refused.RetryAfter);
        Assert.Equal(("dead", HttpStatusCode.OK), (state, accepted.Status));
    }

    [Fact]
    public async Task While_Postgres_is_away_an_action_is_refused_and_later_recorded()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<UnavailableFilter>.StartAsync(database: database, cancellationToken: Cancellation);
        Task<Answer> RedriveAsync() => Answer.ToAsync(host.Http, new(HttpMethod.Post, "/dead-letters/1/redrive"));
        Assert.Equal(HttpStatusCode.NotFound, (await RedriveAsync()).Status);

        await postgres.KillAsync();
        (await RedriveAsync()).IsProblem(HttpStatusCode.ServiceUnavailable);
        await postgres.RestartAsync(Cancellation);
        await Eventually.BecomesTrueAsync(async () => (await RedriveAsync()).Status == HttpStatusCode.NotFound);

        database.DataSource.Clear();
        Assert.Equal(2, await CountAsync(database, "access.actions where status = 404"));
        Assert.Equal(0, await CountAsync(database, "access.actions where status is null"));
    }

    [Fact]
    public async Task An_action_that_fails_is_recorded_with_the_status_of_its_answer()
    {
        await using var operations = await Operations.StartAsync();
        await operations.ExecuteAsync("alter table bus.retry rename column state to mislaid");

        var failed = await operations.SendAsync(HttpMethod.Post, "/dead-letters/1/redrive");
        var invalid = await operations.SendAsync(HttpMethod.Post, "/dead-letters/discard", "{}");
        var hostile = await operations.SendAsync(HttpMethod.Post, $"/dead-letters/%F0%9F%98%80'{new string('x', 2_000)}/redrive");

        var actions = (await operations.Api.ListActionsAsync(cancellationToken: Cancellation)).Actions;
        Assert.Equal([500, 400, 400], [(int)failed.Status, (int)invalid.Status, (int)hostile.Status]);
        Assert.Equal([400, 400, 500], actions.Select(action => action.Status!.Value));
        Assert.Equal(500, actions[0].Target!.Length);
    }

    [Fact]
    public async Task The_action_of_a_client_that_goes_away_has_an_end()
    {
        await using var operations = await Operations.StartAsync();
        var letter = await operations.AddAsync();
        await using var connection = await operations.Host.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var block = new Npgsql.NpgsqlCommand("lock table bus.retry", connection, transaction);
        await block.ExecuteNonQueryAsync(Cancellation);
        using var gone = new CancellationTokenSource();

        var asked = operations.Host.Http.PostAsync(new Uri($"/dead-letters/{letter}/redrive", UriKind.Relative), null, gone.Token);
        await BecomesAsync("access.actions where status is null");
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);

        await BecomesAsync("access.actions where status >= 400");
        await transaction.RollbackAsync(Cancellation);
        Assert.Equal("dead", await operations.StateAsync(letter));

        Task BecomesAsync(string rows) => Eventually.BecomesTrueAsync(
            async () => await CountAsync(operations.Host.Database, rows) == 1);
    }

    [Fact]
    public async Task Pages_have_every_action_once_newest_first()
    {
        await using var operations = await Operations.StartAsync();
        for (var number = 1; number <= 5; number++)
        {
            await operations.SendAsync(HttpMethod.Post, $"/dead-letters/{number}/discard");
        }

        var seen = new List<OperatorAction>();
        string? after = null;
        do
        {
            var page = await operations.Api.ListActionsAsync(2, after, Cancellation);
            Assert.Equal(page.After is null, page.Next is null);
            (after, seen) = (page.After, [.. seen, .. page.Actions]);
        }
        while (after is not null);

        Assert.Equal(["5", "4", "3", "2", "1"], seen.Select(action => action.Target!.Split('/')[2]));
        (await operations.SendAsync(HttpMethod.Get, "/actions?after=-1&limit=201")).IsProblemOf(HttpStatusCode.BadRequest, "after", "limit");
    }

    [Fact]
    public async Task The_record_of_an_endpoint_has_its_id_and_neither_its_URL_nor_its_secret()
    {
        await using var host = await ServiceHost<WebhookOptions>.StartAsync(
            new Dictionary<string, string> { ["Webhooks:AllowPrivateNetworks"] = "true" }, cancellationToken: Cancellation);

        var created = await host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint("https://127.0.0.1/hidden-token"), Cancellation);
        var id = (await created.Content.ReadFromJsonAsync<WebhookEndpoint>(Cancellation))!.Id;
        await host.Http.PostAsJsonAsync($"/endpoints/{id}/secret", new RotateSecret("whsec_aGlkZGVuIHNlY3JldCBoaWRkZW4gc2VjcmV0"), Cancellation);
        await host.Http.DeleteAsync(new Uri($"/endpoints/{id}", UriKind.Relative), Cancellation);

        Assert.Equal(1, await CountAsync(
            host.Database, $"access.actions where action = 'create endpoint' and target = '/endpoints {id}' and status = 201"));
        Assert.Equal(2, await CountAsync(host.Database, $"access.actions where target like '/endpoints/{id}%' and status in (200, 204)"));
        Assert.Equal(0, await CountAsync(host.Database, "access.actions as a where a::text ~ 'hidden|whsec|aGlk'"));
    }

    [Fact]
    public async Task Records_are_deleted_after_400_days()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await using (await ServiceHost<UnavailableFilter>.StartAsync(database: database, cancellationToken: Cancellation))
        {
            await using var command = database.DataSource.CreateCommand(
                """
                insert into access.actions (at, by_name, by_key, owner, service, action, target)
                select now() - days * interval '1 day', 'a', 'a', 'a', 'a', 'a', 'a' from unnest(array[399, 401, 402]) as days
                """);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        await using var host = await ServiceHost<UnavailableFilter>.StartAsync(database: database, cancellationToken: Cancellation);

        await Eventually.BecomesTrueAsync(async () => await CountAsync(database, "access.actions") == 1);
    }

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, string path, string? json = null)
    {
        using var content = json is null ? null : new StringContent(json, null, "application/json");
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
        return answer.StatusCode;
    }

    private static async Task<long> CountAsync(PostgresDatabase database, string rows)
    {
        await using var command = database.DataSource.CreateCommand($"select count(*) from {rows}");
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
