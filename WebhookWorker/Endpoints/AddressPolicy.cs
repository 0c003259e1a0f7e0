using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>The addresses that webhooks may go to: a client chose the URL, and this worker is inside the network.</summary>
internal sealed partial class AddressPolicy(IOptions<WebhookOptions> options, TimeProvider time)
{
    // IANA's special-purpose registries: what is not globally reachable unicast.
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
    ];

    // Refused whatever the options are: there are no receivers, and metadata services give a cloud machine's credentials away.
    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"),
        IPNetwork.Parse("3fff::/20"),

        // Metadata services outside 169.254.0.0/16: Azure, Alibaba, AWS, Google, Scaleway.
        IPNetwork.Parse("168.63.129.16/32"), IPNetwork.Parse("100.100.100.200/32"), IPNetwork.Parse("fd00:ec2::/32"),
        IPNetwork.Parse("fd20:ce::254/128"), IPNetwork.Parse("fd00:42::42/128"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(2);

    private bool AllowsPrivate => options.Value.AllowPrivateNetworks;

    /// <returns>Why webhooks may not be sent to this URL; null if they may.</returns>
    public async Task<string?> ProblemOfAsync(string text, CancellationToken cancellationToken)
    {
        if (FormProblemOf(text, out var url) is { } problem)
        {
            return problem;
        }

        var problems = (await AddressesOfAsync(url!, cancellationToken)).Select(ProblemOf);
        return problems.FirstOrDefault(found => found is not null) is { } unreachable ? $"has an address that {unreachable}" : null;
    }

    /// <returns>Why webhooks may not be sent to this address; null if they may.</returns>
    public string? ProblemOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return ProblemOf(address.MapToIPv4());
        }

        if (Nat64.Contains(address))
        {
            return ProblemOf(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        }

        if (Never.Any(network => network.Contains(address)))
        {
            return "is not public and never allowed: it is reserved, or of a cloud's metadata service";
        }

        if (Private.Any(network => network.Contains(address)))
        {
            return AllowsPrivate ? null : "is not public (Webhooks:AllowPrivateNetworks)";
        }

        return address.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Contains(address) ? null : "is not public";
    }

    /// <summary>
    /// Looks a name up on a thread of its own. A lookup blocks its thread as long as the name server likes: in the thread pool, endpoints with slow
    /// names would delay all others.
    /// </summary>
    public static Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken) => Task.Factory
        .StartNew(() => Dns.GetHostAddresses(host), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        .WaitAsync(cancellationToken);

    private string? FormProblemOf(string text, out Uri? url)
    {
        var parts = Parts().Match(text);
        var (scheme, authority) = (parts.Groups["scheme"].Value, parts.Groups["authority"].Value);
        var port = Port().Match(authority);
        var isParsed = Uri.TryCreate(text, UriKind.Absolute, out url);
        return text.Any(char.IsWhiteSpace) ? "must not contain spaces"
            : !scheme.Equals("https", StringComparison.OrdinalIgnoreCase) && !(IsHttp() && AllowsPrivate) ? "must begin with https://"
            : authority.Contains('@', StringComparison.Ordinal) ? "must not carry a user name or password"
            : text.Contains('#', StringComparison.Ordinal) ? "must not have a fragment ('#...')"
            : port.Success && !IsPort(port.ValueSpan[1..]) ? "must have a port from 1 to 65535"
            : !isParsed || url!.UserInfo.Length > 0 || url.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6)
                ? "must have a valid host name"
            : IsHttp() && !url.IsLoopback ? "must begin with https:// (or http:// on this machine)"
            : null;

        bool IsHttp() => scheme.Equals("http", StringComparison.OrdinalIgnoreCase);

        static bool IsPort(ReadOnlySpan<char> text) =>
            ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
    }

    // Only early advice: the check at each connect decides, since a name's address can change. An unknown name may exist later.
    private async Task<IPAddress[]> AddressesOfAsync(Uri url, CancellationToken cancellationToken)
    {
        // Some resolvers take an address with a dot at its end for the address.
        if (IPAddress.TryParse(url.DnsSafeHost.TrimEnd('.'), out var literal))
        {
            return [literal];
        }

        using var deadline = new CancellationTokenSource(LookupTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await LookUpAsync(url.IdnHost, either.Token);
        }
        catch (Exception e)
            when (e is SocketException or ArgumentException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [];
        }
    }

    [GeneratedRegex(@"^(?<scheme>[^:/?#]*)://(?<authority>[^/\\?#]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Parts();

    [GeneratedRegex(@":[^:\]]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Port();
}
