using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost;

/// <summary>
/// An API key that may do everything, for the dashboard, the command line and the first request of a person. The migrator adds it to the database. A
/// published system has none.
/// </summary>
internal sealed class DevelopmentKey(ReferenceExpression key)
{
    /// <summary>The parameter with its secret part, kept with the passwords of the servers.</summary>
    public const string Secret = "development-key";

    /// <summary>43 letters and digits: about 256 bits.</summary>
    public const int SecretLength = 43;

    /// <summary>The setting of the migrator, from which the command line reads it too.</summary>
    public const string Setting = "Access__DevelopmentKey";

    public async Task<string> ReadAsync(CancellationToken cancellationToken) => (await key.GetValueAsync(cancellationToken))!;

    public async Task AuthorizeAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await ReadAsync(cancellationToken));
}

internal static class DevelopmentKeyExtensions
{
    public static IResourceBuilder<ProjectResource> WithDevelopmentKey(this IResourceBuilder<ProjectResource> migrator)
    {
        var builder = migrator.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode)
        {
            return migrator;
        }

        var secret = builder.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == DevelopmentKey.Secret);
        var key = ReferenceExpression.Create($"fanout_development.{secret}");
        builder.Services.AddSingleton(new DevelopmentKey(key));
        return migrator.WithEnvironment(DevelopmentKey.Setting, key);
    }
}
