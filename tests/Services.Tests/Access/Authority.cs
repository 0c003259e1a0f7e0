using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>An authority that issues tokens: its metadata and its keys on loopback.</summary>
internal sealed class Authority : IAsyncDisposable
{
    public const string Audience = "fanout";

    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "first" };
    private readonly WebApplication _app;

    private Authority()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = Issuer, jwks_uri = $"{Issuer}/keys" }));
        _app.MapGet("/keys", () =>
        {
            var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(_key);
            return Results.Json(new { keys = new[] { new { kty = key.Kty, use = "sig", kid = key.Kid, alg = "RS256", n = key.N, e = key.E } } });
        });
    }

    public string Issuer => _app.Urls.Single();

    /// <summary>What a service needs to trust it.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["Authentication:Schemes:Bearer:Authority"] = Issuer,
        ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
    };

    public RsaSecurityKey Key => _key;

    public static async Task<Authority> StartAsync()
    {
        var authority = new Authority();
        await authority._app.StartAsync(TestContext.Current.CancellationToken);
        return authority;
    }

    /// <summary>A token of the person grace for FanOut.</summary>
    public string Issue(
        Dictionary<string, object> claims, string audience = Audience, string? issuer = null, SecurityKey? key = null,
        string algorithm = SecurityAlgorithms.RsaSha256, TimeSpan? lifetime = null)
    {
        var expires = TimeProvider.System.GetUtcNow().UtcDateTime + (lifetime ?? TimeSpan.FromMinutes(5));
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Issuer,
            Audience = audience,
            Expires = expires,
            NotBefore = expires.AddHours(-1),
            Claims = new Dictionary<string, object>(claims) { ["sub"] = "grace" },
            SigningCredentials = new SigningCredentials(key ?? _key, algorithm),
        });
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Rsa.Dispose();
    }
}
