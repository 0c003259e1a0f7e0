using System.Runtime.CompilerServices;
using FanOut.EmbeddedHosting.Logging;

namespace Aspire.Hosting.ApplicationModel;

public class ResourceLoggerService
{
    private readonly ResourceConsole _console;

    internal ResourceLoggerService(ResourceConsole console) => _console = console;

    /// <summary>The last lines of the resource's first replica, then each further one.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return WatchAsync(resource.Name);
    }

    /// <summary>The last lines of one replica, then each further one.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
    {
        ArgumentNullException.ThrowIfNull(resourceName);
        return NumberAsync(_console.WatchAsync(resourceName));
    }

    private static async IAsyncEnumerable<IReadOnlyList<LogLine>> NumberAsync(IAsyncEnumerable<string> lines, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var number = 0;
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            yield return [new LogLine(++number, line, IsErrorMessage: false)];
        }
    }
}
