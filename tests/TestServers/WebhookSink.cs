using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FanOut.TestServers;

/// <summary>A customer's server that takes every webhook and remembers for which events it had one.</summary>
internal sealed class WebhookSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<Guid, int> _received = new();

    private WebhookSink(WebApplication app)
    {
        _app = app;
        app.MapFallback((HttpRequest request) =>
        {
            if (Guid.TryParse(request.Headers["webhook-id"], out var id))
            {
                _received.AddOrUpdate(id, 1, static (_, count) => count + 1);
            }

            return Results.NoContent();
        });
    }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>How often each event came. More than once is allowed: receivers are told to look at the id.</summary>
    public IReadOnlyDictionary<Guid, int> Received => _received;

    public static async Task<WebhookSink> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var sink = new WebhookSink(builder.Build());
        await sink._app.StartAsync(cancellationToken);
        return sink;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }
}
