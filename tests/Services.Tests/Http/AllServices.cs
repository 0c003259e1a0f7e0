using FanOut.AnalyticsWorker.Reporting;
using FanOut.NotificationWorker.Sending;
using FanOut.OrderApi.Placing;
using FanOut.Reclaimer;
using FanOut.TestServers;
using FanOut.WebhookWorker.Dispatching;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace FanOut.Services.Tests.Http;

/// <summary>Every service, with its routes as it has mapped them.</summary>
public sealed class AllServices : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _hosts = [];

    public List<RunningService> All { get; } = [];

    /// <summary>The routes that change something.</summary>
    public IEnumerable<Route> Writing => All.SelectMany(service => service.Routes).Where(route => route.Method is not ("GET" or "HEAD" or "OPTIONS"));

    public async ValueTask InitializeAsync()
    {
        await AddAsync<OrderWriter>("OrderApi");
        await AddAsync<DeliveryQueue>("WebhookWorker");
        await AddAsync<EmailQueue>("NotificationWorker");
        await AddAsync<Reports>("AnalyticsWorker");
        await AddAsync<UnavailableFilter>("Reclaimer");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }

    private async Task AddAsync<TService>(string name)
        where TService : class
    {
        var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: TestContext.Current.CancellationToken);
        var settings = new Dictionary<string, string>
        {
            // Other tests use the same server.
            ["ConnectionStrings:fanout"] = $"{database.ConnectionString};Maximum Pool Size=6",
            ["Requests:BodyTimeout"] = "00:00:01",
            ["AllowedHosts"] = "orders.example.com",
            ["environment"] = "Development", // With the API documents.
        };
        var host = await ServiceHost<TService>.StartAsync(settings, database, TestContext.Current.CancellationToken);
        _hosts.AddRange([host, database]);
        var routes =
            from endpoint in host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
            let scopes = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(required => required.Policy)
            let isOpen = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null
            select new Route(name, method, endpoint.RoutePattern, host.Address, isOpen ? null : string.Join(' ', scopes));
        All.Add(new RunningService(name, host.Http, database, [.. routes]));
    }
}

/// <summary>Alone, because a test measures the memory of the process.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class AllServicesGroup : ICollectionFixture<AllServices>;

public sealed record RunningService(string Name, HttpClient Http, PostgresDatabase Database, IReadOnlyList<Route> Routes);

/// <summary>A route. Its scope is null where it needs no key.</summary>
public sealed record Route(string Service, string Method, RoutePattern Pattern, Uri Address, string? Scope)
{
    /// <summary>An address of this route. No parameter is a wildcard except that of the page.</summary>
    public string Path(string? value = null) => "/" + string.Join('/', Pattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(
        part => part is RoutePatternParameterPart parameter
            ? value ?? (parameter.ParameterPolicies.Any(policy => policy.Content == "guid") ? Guid.Empty.ToString()
                : parameter.Name == "documentName" ? "v1"
                : "1")
            : ((dynamic)part).Content as string))));

    public override string ToString() => $"{Service}: {Method} {Pattern.RawText}";
}
