using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static class ResourceCommandBuilderExtensions
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = Timeout.InfiniteTimeSpan };

    public static IResourceBuilder<T> WithCommand<T>(
        this IResourceBuilder<T> builder,
        string name,
        string displayName,
        Func<ExecuteCommandContext, Task<ExecuteCommandResult>> executeCommand,
        CommandOptions? commandOptions = null)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(executeCommand);
        if (builder.Resource.Annotations.OfType<ResourceCommandAnnotation>().SingleOrDefault(command => command.Name == name) is { } existing)
        {
            builder.Resource.Annotations.Remove(existing);
        }

        return builder.WithAnnotation(new ResourceCommandAnnotation(name, displayName, executeCommand, commandOptions ?? new CommandOptions()));
    }

    public static IResourceBuilder<TResource> WithHttpCommand<TResource>(
        this IResourceBuilder<TResource> builder,
        string path,
        string displayName,
        string? endpointName = null,
        string? commandName = null,
        HttpCommandOptions? commandOptions = null)
        where TResource : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var endpoint = new EndpointReference(builder.Resource, endpointName ?? "http");
        var options = commandOptions ?? new HttpCommandOptions();
        var method = options.Method ?? HttpMethod.Post;
        commandName ??= $"{builder.Resource.Name}-{endpoint.EndpointName}-http-{method.Method.ToLowerInvariant()}-{path}";
        return builder.WithCommand(commandName, displayName, context => SendAsync(endpoint, path, method, options, context), options);
    }

    private static async Task<ExecuteCommandResult> SendAsync(EndpointReference endpoint, string path, HttpMethod method, HttpCommandOptions options, ExecuteCommandContext context)
    {
        if (!endpoint.IsAllocated)
        {
            return CommandResults.Failure("Endpoints are not yet allocated.");
        }

        try
        {
            using var request = new HttpRequestMessage(method, new UriBuilder(endpoint.Url) { Path = path }.Uri);
            if (options.PrepareRequest is not null)
            {
                await options.PrepareRequest(new()
                {
                    Services = context.Services,
                    ResourceName = context.ResourceName,
                    Endpoint = endpoint,
                    CancellationToken = context.CancellationToken,
                    HttpClient = Http,
                    Request = request,
                });
            }

            using var response = await Http.SendAsync(request, context.CancellationToken);
            if (options.GetCommandResult is not null)
            {
                return await options.GetCommandResult(new()
                {
                    Services = context.Services,
                    ResourceName = context.ResourceName,
                    Endpoint = endpoint,
                    CancellationToken = context.CancellationToken,
                    HttpClient = Http,
                    Response = response,
                });
            }

            return response.IsSuccessStatusCode ? CommandResults.Success() : CommandResults.Failure($"Request failed with status code {response.StatusCode}");
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
        catch (HttpRequestException exception)
        {
            return CommandResults.Failure(exception);
        }
    }
}
