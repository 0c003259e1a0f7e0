using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.Components.Authorization;

namespace FanOut.StreamConsole.Clients;

/// <summary>The person who looks at a page, and the services as this person may use them.</summary>
internal sealed class Viewer(AuthenticationStateProvider authentication, IHttpClientFactory http)
{
    /// <summary>The claim with the key or token that the person signed in with.</summary>
    public const string TokenClaim = "fanout:token";

    private ServiceClients? _clients;

    public string Name { get; private set; } = "";

    /// <summary>Whether the person may change something.</summary>
    public bool CanAct { get; private set; }

    /// <summary>Whether the person may place orders.</summary>
    public bool CanPlaceOrders { get; private set; }

    public async ValueTask<ServiceClients> GetClientsAsync()
    {
        if (_clients is null)
        {
            var user = (await authentication.GetAuthenticationStateAsync()).User;
            Name = user.Identity?.Name ?? "";
            CanAct = user.HasScope(Scopes.OpsWrite);
            CanPlaceOrders = user.HasScope(Scopes.OrdersWrite);
            _clients = new ServiceClients(http, user.FindFirst(TokenClaim)?.Value ?? "");
        }

        return _clients;
    }
}
