using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FanOut.Contracts.Webhooks;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class EndpointAddressTests(EndpointAddressTests.Workers workers) : IClassFixture<EndpointAddressTests.Workers>
{
    private const string NeverAllowed = "has an address that is not public and never allowed: it is reserved, or of a cloud's metadata service";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
        var answer = await workers.Strict.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

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
        var answer = await workers.Open.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

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
        var allowed = await workers.Open.PostAsJsonAsync("/endpoints", new CreateEndpoint(url, Enabled: false), Cancellation);
        var refused = await workers.Strict.PostAsJsonAsync("/endpoints", new CreateEndpoint(url), Cancellation);

        Assert.Equal(HttpStatusCode.Created, allowed.StatusCode);
        Assert.Contains("Webhooks:AllowPrivateNetworks", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Public_addresses_are_allowed_and_cloud_metadata_never()
    {
        var allowed = await workers.Strict.PostAsJsonAsync("/endpoints", new CreateEndpoint("https://8.8.8.8/", Enabled: false), Cancellation);
        var refused = await workers.Open.PostAsJsonAsync("/endpoints", new CreateEndpoint("https://169.254.169.254/"), Cancellation);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.BadRequest), (allowed.StatusCode, refused.StatusCode));
    }

    /// <summary>Two workers: one may send to private addresses, one may not.</summary>
    public sealed class Workers : IAsyncLifetime
    {
        private Webhooks? _open;
        private Webhooks? _strict;

        internal HttpClient Open => _open!.Host.Http;

        internal HttpClient Strict => _strict!.Host.Http;

        public async ValueTask InitializeAsync()
        {
            _open = await Webhooks.StartAsync();
            _strict = await Webhooks.StartAsync(("Webhooks:AllowPrivateNetworks", "false"));
        }

        public async ValueTask DisposeAsync()
        {
            await (_strict?.DisposeAsync() ?? default);
            await (_open?.DisposeAsync() ?? default);
        }
    }
}
