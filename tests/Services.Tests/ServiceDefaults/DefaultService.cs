using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>A service with the defaults and nothing else, on real Kestrel. Everyone may use it.</summary>
internal sealed class DefaultService : IAsyncDisposable
{
    private DefaultService(WebApplication app)
    {
        App = app;

        // The services of a test share its process and its listeners: without this the test's own call would be an unsampled parent.
        Http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public static string Name { get; } = typeof(DefaultService).Assembly.GetName().Name!;

    public WebApplication App { get; }

    public HttpClient Http { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static WebApplicationBuilder Builder(Dictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.Configuration.AddInMemoryCollection([new("Access:AllowAnonymous", "true")]);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        return builder;
    }

    public static async Task<DefaultService> StartAsync(
        Dictionary<string, string?>? settings = null, Action<WebApplicationBuilder>? build = null, Action<WebApplication>? map = null)
    {
        var builder = Builder(settings ?? []);
        builder.Services.Configure<AuthorizationOptions>(options => options.FallbackPolicy = null);
        build?.Invoke(builder);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        map?.Invoke(app);
        await app.StartAsync(Cancellation);
        return new DefaultService(app);
    }

    public async Task<(int Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync(Cancellation);
        await App.DisposeAsync();
    }
}
