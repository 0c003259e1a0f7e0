using System.Collections.Concurrent;
using FanOut.EmbeddedHosting.Running;
using FanOut.EmbeddedHosting.State;
using Microsoft.Extensions.Options;

namespace FanOut.EmbeddedHosting.Logging;

/// <summary>Log lines of all resources: to the terminal with a coloured prefix, and to <c>logs/{name}.log</c> in the data folder.</summary>
internal sealed class ResourceConsole(IOptions<EmbeddedHostOptions> options, DataFolder data) : IDisposable
{
    public const string HostName = "apphost";

    private const int PrefixWidth = 20;

    private static readonly int[] Palette = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

    private readonly ConcurrentDictionary<string, ResourceLog> _logs = new();
    private readonly Lock _terminal = new();
    private readonly bool _colours = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
    private int _nextColour = -1;

    public void WriteLine(string resource, string line)
    {
        var log = LogOf(resource);
        log.Append(line);
        if (!options.Value.Console)
        {
            return;
        }

        var prefix = resource.PadRight(PrefixWidth);
        lock (_terminal)
        {
            Console.Out.WriteLine(_colours ? $"\e[{log.Colour}m{prefix}|\e[0m {line}" : $"{prefix}| {line}");
        }
    }

    public IReadOnlyList<string> LastLines(string resource) => LogOf(resource).LastLines();

    public IAsyncEnumerable<string> WatchAsync(string resource) => LogOf(resource).WatchAsync();

    public void Dispose()
    {
        foreach (var log in _logs.Values)
        {
            log.Dispose();
        }
    }

    private ResourceLog LogOf(string resource) =>
        _logs.GetOrAdd(resource, name => new ResourceLog(data.LogFile(name), Palette[(Interlocked.Increment(ref _nextColour) & int.MaxValue) % Palette.Length]));
}
