using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.StreamConsole.Clients;
using FanOut.StreamConsole.Errors;
using FanOut.StreamConsole.Layout;
using FanOut.StreamConsole.Live;
using FanOut.StreamConsole.Parts;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Radzen;

namespace FanOut.StreamConsole;

internal static class ConsoleServices
{
    // Everything comes from this host. Components set the style attribute of elements, and inline images are icons of style sheets.
    private const string ContentPolicy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        + "frame-ancestors 'none'";

    // A page that comes back later is loaded again. Until then it still asks the services, for nobody.
    private static readonly TimeSpan KeepDisconnected = TimeSpan.FromSeconds(15);

    public static void AddConsole(this WebApplicationBuilder builder)
    {
        // Without it a build that was not published has its files in Development only, and sends empty ones otherwise.
        builder.WebHost.UseStaticWebAssets();
        var services = builder.Services;
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, PageProblemWriter>()); // The first one that can write does.
        services.Configure<ForwardedHeadersOptions>(options =>
        {
            // Only whether the browser's connection is encrypted: then its cookies are kept to such connections.
            // A false header harms only its sender.
            options.ForwardedHeaders = ForwardedHeaders.XForwardedProto;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
        });
        services.AddRazorComponents()
            .AddInteractiveServerComponents(circuits => circuits.DisconnectedCircuitRetentionPeriod = KeepDisconnected);
        services.AddCascadingAuthenticationState();
        services.AddRadzenComponents();
        services.AddOptions<ConsoleOptions>().BindConfiguration(ConsoleOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        foreach (var service in ServiceClients.Names)
        {
            services.AddHttpClient(service, http => http.BaseAddress = new Uri($"http://{service}"));
        }

        services.ConfigureAll<HttpStandardResilienceOptions>(options =>
        {
            // An event that tests an endpoint for webhooks waits 10 seconds for its receiver.
            options.AttemptTimeout.Timeout = TimeSpan.FromSeconds(15);

            // A service that says why it cannot do something is shown to say so, and pages ask again by themselves.
            options.Retry.ShouldHandle = attempt => ValueTask.FromResult(
                attempt.Outcome.Exception is HttpRequestException && attempt.Context.GetRequestMessage()?.Method == HttpMethod.Get);

            // After about 0.3, 0.6 and 1.2 s: a restart is not seen, and a service that is away is soon shown to be.
            options.Retry.Delay = TimeSpan.FromMilliseconds(300);

            // What is read every two seconds opens the circuit to a service that is away; it is asked again soon.
            options.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(1);
        });
        services.AddSingleton<LiveStatus>();
        services.AddScoped<Viewer>();
        services.AddScoped<ViewerZone>();
    }

    /// <summary>What the browser may load. Replies that are no pages keep the stricter default.</summary>
    public static void UsePageHeaders(this WebApplication app) => app.UseForwardedHeaders().Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            if (context.Response.ContentType?.StartsWith("text/html", StringComparison.Ordinal) ?? false)
            {
                context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
            }

            return Task.CompletedTask;
        });
        return next();
    });

    public static void MapConsole(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous().DisableHttpMetrics();
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null)
            .RequireScope(Scopes.OpsRead)
            .ReadOwnBodies()
            .DisableRequestTimeout(); // A connection of a browser lives as long as its page.
    }
}
