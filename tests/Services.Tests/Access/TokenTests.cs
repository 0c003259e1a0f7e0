using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using FanOut.OrderApi.Placing;
using FanOut.Reclaimer;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>People come in with tokens of an authority.</summary>
public sealed class TokenTests
{
    private static readonly Dictionary<string, object> MayRead = new() { ["scope"] = "openid orders:read" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_accepted_for_the_scopes_that_it_names()
    {
        await using var authority = await Authority.StartAsync();
        await using var host = await StartAsync(authority);

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(host, authority.Issue(MayRead))).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(host, authority.Issue(new() { ["scp"] = new[] { "orders:read", "ops:read" } }))).Status);
        (await GetAsync(host, authority.Issue(new() { ["scope"] = "orders:write" }))).IsProblem(HttpStatusCode.Forbidden);
        (await GetAsync(host, authority.Issue(new() { ["scope"] = "*" }))).IsProblem(HttpStatusCode.Forbidden);
        (await GetAsync(host, authority.Issue([]))).IsProblem(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_wrong_token_is_answered_401()
    {
        await using var authority = await Authority.StartAsync();
        await using var other = await Authority.StartAsync();
        await using var host = await StartAsync(authority);
        var good = authority.Issue(MayRead);
        var parts = good.Split('.');
        var publicKey = new SymmetricSecurityKey(authority.Key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = authority.Key.KeyId };
        var none = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        Dictionary<string, string> wrong = new()
        {
            ["expired"] = authority.Issue(MayRead, lifetime: TimeSpan.FromMinutes(-10)),
            ["another audience"] = authority.Issue(MayRead, audience: "shop"),
            ["another issuer"] = authority.Issue(MayRead, issuer: "https://login.example.com"),
            ["another authority"] = other.Issue(MayRead),
            ["another key"] = authority.Issue(MayRead, key: new RsaSecurityKey(RSA.Create(2048)) { KeyId = authority.Key.KeyId }),
            ["signed with the public key"] = authority.Issue(MayRead, key: publicKey, algorithm: SecurityAlgorithms.HmacSha256),
            ["changed"] = $"{parts[0]}.{authority.Issue(new() { ["scope"] = "orders:read orders:write" }).Split('.')[1]}.{parts[2]}",
            ["alg none"] = $"{none}.{parts[1]}.",
            ["alg none with a signature"] = $"{none}.{parts[1]}.{parts[2]}",
            ["no signature"] = $"{parts[0]}.{parts[1]}.",
            ["no token"] = "x.y.z",
        };

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(host, good)).Status);
        foreach (var (fault, token) in wrong)
        {
            var answer = await GetAsync(host, token);
            Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{fault}: {answer.Status}");
            answer.IsProblem(HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task Without_an_authority_every_token_is_answered_401()
    {
        await using var authority = await Authority.StartAsync();
        await using var host = await ServiceHost<OrderWriter>.StartAsync(cancellationToken: Cancellation);

        (await GetAsync(host, authority.Issue(MayRead))).IsProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task An_authority_that_does_not_answer_is_a_503()
    {
        await using var authority = await Authority.StartAsync();
        var token = authority.Issue(MayRead);
        await using var host = await StartAsync(authority);
        await authority.StopAsync();

        var answer = await GetAsync(host, token);

        answer.IsProblem(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(answer.RetryAfter);
    }

    [Fact]
    public async Task An_authority_that_accepts_and_never_answers_is_a_503_soon_for_everyone()
    {
        await using var authority = await Authority.StartAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string>(authority.Settings) { ["Authentication:Schemes:Bearer:Authority"] = $"http://{silent.LocalEndpoint}" },
            cancellationToken: Cancellation);
        var token = authority.Issue(MayRead);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => GetAsync(host, token))).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        Assert.All(answers, answer => answer.IsProblem(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(HttpStatusCode.OK, (await Answer.ToAsync(host.Http, new(HttpMethod.Get, "/orders"))).Status);
    }

    [Fact]
    public async Task A_role_stands_for_scopes_and_the_decision_has_the_name_of_the_person()
    {
        await using var authority = await Authority.StartAsync();
        await using var host = await ServiceHost<UnavailableFilter>.StartAsync(
            new Dictionary<string, string>(authority.Settings)
            {
                ["Access:Grants:0:Value"] = "operator",
                ["Access:Grants:0:Scope"] = "ops:read ops:write",
                ["Access:Grants:1:Claim"] = "groups",
                ["Access:Grants:1:Value"] = "auditors",
                ["Access:Grants:1:Scope"] = "ops:read",
            },
            cancellationToken: Cancellation);
        var operatorToken = authority.Issue(new() { ["roles"] = new[] { "staff", "operator" }, ["name"] = "Grace Hopper" });
        var auditor = authority.Issue(new() { ["groups"] = new[] { "auditors" } });
        var staff = authority.Issue(new() { ["roles"] = "staff" });

        Assert.Equal(HttpStatusCode.NotFound, (await RedriveAsync(operatorToken)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await RedriveAsync(auditor)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await RedriveAsync(staff)).Status);

        Task<Answer> RedriveAsync(string token) => Answer.ToAsync(
            host.Http, new HttpRequestMessage(HttpMethod.Post, "/dead-letters/1/redrive") { Headers = { Authorization = new("Bearer", token) } });
    }

    [Fact]
    public async Task A_token_without_the_claim_of_its_owner_is_answered_401()
    {
        await using var authority = await Authority.StartAsync();
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string>(authority.Settings) { ["Access:OwnerClaim"] = "tenant" }, cancellationToken: Cancellation);

        var without = await GetAsync(host, authority.Issue(MayRead));
        var with = await GetAsync(host, authority.Issue(new(MayRead) { ["tenant"] = "acme" }));

        without.IsProblem(HttpStatusCode.Unauthorized);
        Assert.Contains("Access:OwnerClaim", (string?)without.Json["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, with.Status);
    }

    private static Task<ServiceHost<OrderWriter>> StartAsync(Authority authority) =>
        ServiceHost<OrderWriter>.StartAsync(authority.Settings, cancellationToken: Cancellation);

    private static Task<Answer> GetAsync(ServiceHost<OrderWriter> host, string token) => Answer.ToAsync(
        host.Http, new HttpRequestMessage(HttpMethod.Get, "/orders") { Headers = { Authorization = new("Bearer", token) } });
}
