using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.Authentication;
using Npgsql;

namespace FanOut.StreamConsole.Access;

/// <summary>Checks API keys and tokens as the services do.</summary>
internal sealed class Credentials(IServiceScopeFactory scopes)
{
    /// <summary>In a request of its own: within one request, the platform keeps the first result, and it may be that of another key.</summary>
    public async Task<AuthenticateResult> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var request = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = cancellationToken };
        request.Request.Headers.Authorization = $"Bearer {token}";
        return await request.AuthenticateAsync(AccessExtensions.AnyScheme);
    }

    /// <summary>Whether the database, or the authority that issues tokens, does not answer.</summary>
    public static bool CannotTell(AuthenticateResult result) => result.Failure is NpgsqlException or AuthorityUnavailableException;
}
