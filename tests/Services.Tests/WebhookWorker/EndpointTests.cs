using System.Net;
using System.Net.Http.Json;
using FanOut.Contracts.Webhooks;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class EndpointTests
{
    private const string GivenSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_endpoint_shows_its_secret_only_when_it_is_created()
    {
        await using var webhooks = await Webhooks.StartAsync();

        var created = await webhooks.Api.CreateEndpointAsync(
            new("https://127.0.0.1/in?a=1", ["order.placed", "order.placed"], Description: "Ørders"), Cancellation);
        var given = await webhooks.Api.CreateEndpointAsync(new("https://127.0.0.1/2", Secret: GivenSecret), Cancellation);
        var changed = await webhooks.Api.PutEndpointAsync(created.Id, new("https://127.0.0.1/3", [], Enabled: false), Cancellation);
        var first = await webhooks.Api.ListEndpointsAsync(limit: 1, cancellationToken: Cancellation);
        var second = await webhooks.Api.ListEndpointsAsync(limit: 1, after: first.After, cancellationToken: Cancellation);
        await webhooks.Api.DeleteEndpointAsync(created.Id, Cancellation);

        Assert.Equal(32, Convert.FromBase64String(created.Secret!["whsec_".Length..]).Length);
        Assert.Equal(GivenSecret, given.Secret);
        Assert.Equal(("https://127.0.0.1/in?a=1", "Ørders", true), (created.Url, created.Description, created.Enabled));
        Assert.Equal(["order.placed"], created.EventTypes);
        Assert.Equal(("https://127.0.0.1/3", false, "by request", null), (changed.Url, changed.Enabled, changed.DisabledBecause, changed.Secret));
        Assert.Equal([given.Id, created.Id], [.. first.Endpoints.Select(e => e.Id), .. second.Endpoints.Select(e => e.Id)]);
        Assert.All(first.Endpoints, endpoint => Assert.Null(endpoint.Secret));
        Assert.Null(second.Next);
        var gone = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Api.GetEndpointAsync(created.Id, Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Every_invalid_field_is_named()
    {
        await using var webhooks = await Webhooks.StartAsync();

        foreach (var (body, fields) in new (string, string[])[]
        {
            ("", ["$"]),
            ("[]", ["$"]),
            ("{\"url\":", ["$"]),
            ("{}", ["url"]),
            ("""{"url":"nowhere","description":"nul \u0000","secret":"whsec_short"}""", ["description", "secret", "url"]),
            ("""{"url":"https://127.0.0.1/","eventTypes":["ok",".no",null]}""", ["eventTypes[1]", "eventTypes[2]"]),
            ("""{"url":"https://127.0.0.1/","eventTypes":["ok",7]}""", ["eventTypes[1]"]),
            ("""{"url":"https://127.0.0.1/","eventTypes":"order.placed"}""", ["eventTypes"]),
            ("""{"url":"https://127.0.0.1/","enabled":"yes"}""", ["enabled"]),
            ("""{"url":"https://127.0.0.1/","description":3}""", ["description"]),
            ("""{"url":"https://127.0.0.1/","color":1}""", ["color"]),
            ("""{"url":"ftp://127.0.0.1/"}""", ["url"]),
            ("""{"url":"https://user:pw@127.0.0.1/"}""", ["url"]),
            ("""{"url":"https://127.0.0.1/ "}""", ["url"]),
            ("""{"url":"https://127.0.0.1/#here"}""", ["url"]),
            ("""{"url":"/relative"}""", ["url"]),
            ("""{"url":"http://example.com/"}""", ["url"]),
            ("""{"url":"https://127.0.0.1/","description":"nul \u0000"}""", ["description"]),
        })
        {
            var answer = await webhooks.Host.Http.PostAsync("/endpoints", new StringContent(body, null, "application/json"), Cancellation);
            Assert.Equal((body, HttpStatusCode.BadRequest), (body, answer.StatusCode));
            Assert.Equal((body, string.Join(' ', fields)), (body, string.Join(' ', await Problem.FieldsAsync(answer))));
        }

        var http = webhooks.Host.Http;
        var withSecret = new CreateEndpoint("https://127.0.0.1/", Secret: GivenSecret);
        var secret = await http.PutAsJsonAsync($"/endpoints/{Guid.NewGuid()}", withSecret, Cancellation);
        Assert.Equal(["secret"], await Problem.FieldsAsync(secret));

        var list = await webhooks.Host.Http.PostAsync("/endpoints", new StringContent("[]", null, "application/json"), Cancellation);
        Assert.Contains("must be an object", await list.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        var huge = await http.PostAsync("/endpoints", new StringContent(new string(' ', 70_000), null, "application/json"), Cancellation);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
        Assert.Equal(0, await webhooks.CountAsync("select count(*) from webhooks.endpoints"));
    }

    [Fact]
    public async Task An_address_is_checked_again_when_connecting()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var orders = await OrderStream.CreateAsync();
        WebhookEndpoint endpoint;
        await using (var open = await Webhooks.StartOnAsync(orders))
        {
            var url = receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
            endpoint = await open.Api.CreateEndpointAsync(new(url), Cancellation);
        }

        await using var strict = await Webhooks.StartOnAsync(orders, ("Webhooks:AllowPrivateNetworks", "false"));
        await orders.PublishAsync();

        var failed = await strict.DeliveryIsAsync(endpoint.Id, "failed");
        Assert.Contains("not public", failed.LastError, StringComparison.Ordinal);
        Assert.Empty(receiver.All);
    }

    [Fact]
    public async Task Both_secrets_sign_during_a_rotation()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        var rotated = await webhooks.Api.RotateSecretAsync(endpoint.Id, new(GivenSecret), Cancellation);
        await webhooks.Orders.PublishAsync();
        await receiver.HasAsync(1);
        await using (var command = webhooks.Host.Database.DataSource.CreateCommand("update webhooks.endpoints set previous_secret_until = now()"))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        await webhooks.Orders.PublishAsync();
        await receiver.HasAsync(2);

        var (during, after) = (receiver.All.First(), receiver.All.Last());
        Assert.Equal(GivenSecret, rotated.Secret);
        Assert.InRange(rotated.PreviousValidUntil - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(23), TimeSpan.FromHours(25));
        Assert.True(during.IsSignedBy(GivenSecret) && during.IsSignedBy(endpoint.Secret!));
        Assert.True(after.IsSignedBy(GivenSecret));
        Assert.False(after.IsSignedBy(endpoint.Secret!));
        Assert.NotEqual(GivenSecret, (await webhooks.Api.RotateSecretAsync(endpoint.Id, new(), Cancellation)).Secret);
    }

    [Fact]
    public async Task The_number_of_endpoints_is_limited()
    {
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:MaxEndpoints", "3"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            webhooks.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint($"https://127.0.0.1/{i}"), Cancellation)));

        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(5, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task An_invalid_setting_stops_the_start_and_names_its_key()
    {
        var stopped = await Assert.ThrowsAnyAsync<Exception>(() => Webhooks.StartAsync(("Webhooks:Lease", "00:00:00.5")));

        Assert.Contains("Webhooks:Lease", stopped.ToString(), StringComparison.Ordinal);
    }
}
