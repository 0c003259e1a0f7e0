using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FanOut.Contracts.Webhooks;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class EndpointTests
{
    private const string NeverAllowed = "has an address that is not public and never allowed: it is reserved, or of a cloud's metadata service";
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

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://localhost/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://172.31.0.1/")]
    [InlineData("https://192.168.0.1/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://224.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://[64:ff9b::a00:1]/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("http://8.8.8.8/")]
    public async Task An_address_that_is_not_public_is_refused_by_default(string url)
    {
        await using var webhooks = await SharedStrictAsync();

        var answer = await webhooks.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(["url"], await Problem.FieldsAsync(answer));
    }

    [Theory]
    [InlineData("nowhere", "must begin with https://")]
    [InlineData("gopher://example.com/", "must begin with https://")]
    [InlineData("ftp://example.com/", "must begin with https://")]
    [InlineData("http://8.8.8.8/", "must begin with https:// (or http:// on this machine)")]
    [InlineData("https://user@8.8.8.8/", "must not carry a user name or password")]
    [InlineData("https://:@8.8.8.8/", "must not carry a user name or password")]
    [InlineData("https://8.8.8.8/#here", "must not have a fragment ('#...')")]
    [InlineData("https://8.8.8.8/#", "must not have a fragment ('#...')")]
    [InlineData("https://8.8.8.8:0/", "must have a port from 1 to 65535")]
    [InlineData("https://8.8.8.8:000/", "must have a port from 1 to 65535")]
    [InlineData("https://8.8.8.8:65536/", "must have a port from 1 to 65535")]
    [InlineData("https://8.8.8.8:-1/", "must have a port from 1 to 65535")]
    [InlineData("https://8.8.8.8:http/", "must have a port from 1 to 65535")]
    [InlineData("https://[2606:4700::1111]:0/", "must have a port from 1 to 65535")]
    [InlineData("https:///hook", "must have a valid host name")]
    [InlineData("https://", "must have a valid host name")]
    [InlineData("https://exa mple.com/", "must not contain spaces")]
    [InlineData("https://[::1/", "must have a valid host name")]
    [InlineData("https://a..b/", "must have a valid host name")]
    [InlineData("https://169.254.169.254/", NeverAllowed)]
    [InlineData("https://169.254.169.254./", NeverAllowed)]
    [InlineData("https://2852039166/", NeverAllowed)]
    [InlineData("https://0xa9fea9fe/", NeverAllowed)]
    [InlineData("https://168.63.129.16/", NeverAllowed)]
    [InlineData("https://100.100.100.200/", NeverAllowed)]
    [InlineData("https://[::ffff:168.63.129.16]/", NeverAllowed)]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/", NeverAllowed)]
    [InlineData("https://[fd00:ec2::254]/", NeverAllowed)]
    [InlineData("https://[fd20:ce::254]/", NeverAllowed)]
    [InlineData("https://[fe80::1]/", "has an address that is not public")]
    public async Task A_refused_URL_is_told_the_true_reason(string url, string reason)
    {
        await using var webhooks = await Webhooks.StartAsync();

        var answer = await webhooks.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation);
        Assert.Equal(reason, (string?)problem!["errors"]!["url"]![0]);
    }

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://10.1.2.3:8443/")]
    public async Task A_private_address_is_allowed_only_by_its_setting(string url)
    {
        await using var open = await Webhooks.StartAsync();
        await using var strict = await SharedStrictAsync();

        var allowed = await open.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint(url, Enabled: false), Cancellation);
        var refused = await strict.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

        Assert.Equal(HttpStatusCode.Created, allowed.StatusCode);
        Assert.Contains("Webhooks:AllowPrivateNetworks", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Public_addresses_are_allowed_and_cloud_metadata_never()
    {
        await using var strict = await SharedStrictAsync();
        await using var open = await Webhooks.StartAsync();

        var allowed = await strict.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint("https://8.8.8.8/", Enabled: false), Cancellation);
        var refused = await open.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint("https://169.254.169.254/"), Cancellation);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.BadRequest), (allowed.StatusCode, refused.StatusCode));
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

    private static Task<Webhooks> SharedStrictAsync() => Webhooks.StartAsync(("Webhooks:AllowPrivateNetworks", "false"));
}
