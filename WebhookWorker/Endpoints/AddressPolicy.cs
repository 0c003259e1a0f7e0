using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>The addresses that webhooks may go to: a client chose the URL, and this worker is inside the network.</summary>
internal sealed class AddressPolicy(IOptions<WebhookOptions> options, TimeProvider time)
{
    // IANA's special-purpose registries: what is not globally reachable unicast.
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
    ];

    // Refused whatever the options are: there are no receivers, and 169.254.169.254 gives a cloud machine's credentials away.
    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"),
        IPNetwork.Parse("3fff::/20"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(2);

    private bool AllowsPrivate => options.Value.AllowPrivateNetworks;

    /// <returns>Why webhooks may not be sent to this URL; null if they may.</returns>
    public async Task<string?> ProblemOfAsync(string text, CancellationToken cancellationToken) =>
        text.Any(char.IsWhiteSpace) || !Uri.TryCreate(text, UriKind.Absolute, out var url) ? "must be an absolute URL"
        : url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback && AllowsPrivate)
            ? $"must begin with https://{(AllowsPrivate ? " (or http:// on this machine)" : "")}"
        : url.UserInfo.Length > 0 ? "must not carry a user name or password"
        : url.Fragment.Length > 0 ? "must not have a fragment ('#...')"
        : (await AddressesOfAsync(url, cancellationToken)).All(Allows) ? null
        : "has an address that is not public (Webhooks:AllowPrivateNetworks)";

    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return Allows(address.MapToIPv4());
        }

        if (Nat64.Contains(address))
        {
            return Allows(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        }

        if (Private.Any(network => network.Contains(address)))
        {
            return AllowsPrivate;
        }

        return !Never.Any(network => network.Contains(address))
            && (address.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Contains(address));
    }

    // Only early advice: the check at each connect decides, since a name's address can change. An unknown name may exist later.
    private async Task<IPAddress[]> AddressesOfAsync(Uri url, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(url.DnsSafeHost, out var literal))
        {
            return [literal];
        }

        using var deadline = new CancellationTokenSource(LookupTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await Dns.GetHostAddressesAsync(url.IdnHost, either.Token);
        }
        catch (Exception e)
            when (e is SocketException or ArgumentException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [];
        }
    }
}
