using FanOut.EmbeddedHosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

public class ResourceCommandService
{
    private readonly EmbeddedEngine _engine;
    private readonly IServiceProvider _services;

    internal ResourceCommandService(EmbeddedEngine engine, IServiceProvider services)
    {
        _engine = engine;
        _services = services;
    }

    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return ExecuteCommandAsync(resource.Name, commandName, cancellationToken);
    }

    /// <summary>Starts, stops or restarts a resource (all its replicas) or one replica, or runs a command of its own.</summary>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default)
    {
        var runners = _engine.Find(resourceId);
        if (runners.Count == 0)
        {
            return new ExecuteCommandResult { Success = false, Message = $"Resource '{resourceId}' not found." };
        }

        if (runners[0].Resource.Annotations.OfType<ResourceCommandAnnotation>().FirstOrDefault(own => own.Name == commandName) is { } own)
        {
            return await own.ExecuteCommand(new()
            {
                Services = _services,
                ResourceName = resourceId,
                CancellationToken = cancellationToken,
                Logger = _services.GetRequiredService<ILoggerFactory>().CreateLogger(resourceId),
            });
        }

        Func<ResourceRunner, Task>? command = commandName switch
        {
            "start" => runner => runner.StartAsync(),
            "stop" => runner => runner.StopAsync(),
            "restart" => RestartAsync,
            _ => null,
        };
        if (command is null)
        {
            return new ExecuteCommandResult { Success = false, Message = $"Command '{commandName}' not available for resource '{resourceId}'." };
        }

        await Task.WhenAll(runners.Select(command)).WaitAsync(cancellationToken);
        return new ExecuteCommandResult { Success = true };
    }

    private static async Task RestartAsync(ResourceRunner runner)
    {
        await runner.StopAsync();
        await runner.StartAsync();
    }
}
