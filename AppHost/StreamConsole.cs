using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost;

internal static class StreamConsole
{
    public const string Name = "stream-console";

    /// <summary>Tells the console where the services are. It does not wait for them: it shows which are away.</summary>
    public static IResourceBuilder<ProjectResource> WithServices(
        this IResourceBuilder<ProjectResource> console, params IResourceBuilder<ProjectResource>[] services)
    {
        foreach (var service in services)
        {
            console.WithReference(service);
        }

        return console;
    }

    /// <summary>In development, its link in the dashboard signs in, and ids of traces are links into the dashboard.</summary>
    public static IResourceBuilder<ProjectResource> WithSignIn(this IResourceBuilder<ProjectResource> console)
    {
        var builder = console.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode)
        {
            return console;
        }

        if (builder.Configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } dashboard)
        {
            console.WithEnvironment("Console__TraceUrl", $"{dashboard}/traces/detail/{{trace}}");
        }

        return console.WithUrls(async context =>
        {
            var key = await context.ExecutionContext.Services.GetRequiredService<DevelopmentKey>().ReadAsync(context.CancellationToken);
            foreach (var url in context.Urls.Where(url => url.Endpoint is not null))
            {
                url.DisplayText = "Console";
                url.Url = SignInUrl(url.Url, key);
            }
        });
    }

    /// <summary>What is behind '#' stays in the browser: no server logs the key.</summary>
    public static string SignInUrl(string console, string key) => $"{console}/sign-in#{key}";
}
