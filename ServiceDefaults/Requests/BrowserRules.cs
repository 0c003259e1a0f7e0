using System.Net;
using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>
/// Refuses what a page of another site makes a browser send: requests that change something, and requests to a name that the site has pointed here.
/// Other clients send neither <c>Sec-Fetch-Site</c> nor <c>Origin</c>. The rules are those of Go's <c>http.CrossOriginProtection</c>.
/// </summary>
internal sealed class BrowserRules(RequestDelegate next, IConfiguration configuration, IProblemDetailsService problems)
{
    public const string AllowedHosts = "AllowedHosts";

    private const string OnlyData = "default-src 'none'; frame-ancestors 'none'";

    private static readonly StringSegment[] Loopback = ["localhost", "*.localhost"];

    private readonly StringSegment[] _hosts =
    [
        .. Loopback,
        .. (configuration[AllowedHosts] ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(host => new StringSegment(host)),
    ];

    public static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    public async Task InvokeAsync(HttpContext context)
    {
        // Last of all, and also on errors.
        context.Response.OnStarting(() => AddHeaders(context.Response.Headers));
        if (!IsAllowed(context.Request.Host))
        {
            await problems.WriteAsync(
                context, StatusCodes.Status421MisdirectedRequest, $"Host must be an address, localhost or one of the setting {AllowedHosts}.");
        }
        else if (IsOfAnotherSite(context.Request))
        {
            await problems.WriteAsync(context, StatusCodes.Status403Forbidden, "Pages of other origins may not change anything here.");
        }
        else
        {
            await next(context);
        }
    }

    // A page can have its own name point here, but not an address: probes and scrapers use addresses.
    private bool IsAllowed(HostString host) =>
        _hosts.Contains("*") || IPAddress.TryParse(host.Host, out _) || (host.Host.Length > 0 && HostString.MatchesAny(host.Host, _hosts));

    private static bool IsOfAnotherSite(HttpRequest request)
    {
        // What comes through a WebSocket later is not looked at again.
        if (IsSafe(request.Method) && request.Headers.Upgrade.Count == 0)
        {
            return false;
        }

        var (site, origin) = (request.Headers["Sec-Fetch-Site"].ToString(), request.Headers.Origin.ToString());
        return site.Length > 0 ? site is not ("same-origin" or "none")
            : origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var page)
                && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static Task AddHeaders(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = headers.ContentSecurityPolicy.Count > 0 ? headers.ContentSecurityPolicy : OnlyData;

        // Nearly every answer is about a person or a secret; none changes seldom.
        headers.CacheControl = headers.CacheControl.Count > 0 ? headers.CacheControl : "no-store";
        return Task.CompletedTask;
    }
}
