using FanOut.EventBus.Groups;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Looks after one stream and its groups: each concern of the stream, and each concern of each group, has a loop of its own. Groups that are
/// registered or unregistered meanwhile get or lose theirs.
/// </summary>
internal sealed class ReclaimerService(
    StreamName name,
    StreamCatalog catalog,
    ConsumerGroups groups,
    ReclaimerOptions options,
    Func<StreamIdentity, IEnumerable<Concern>> streamConcerns,
    Func<RegisteredGroup, IEnumerable<Concern>> groupConcerns,
    TimeProvider time,
    ILogger<ReclaimerService> logger) : BackgroundService
{
    private readonly Dictionary<RegisteredGroup, Loops> _running = [];
    private Loops? _streamLoops;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Concern.Of($"find the groups of stream '{name}'", options.GroupInterval, FindGroupsAsync)
                .RunAsync(groups.Postgres, time, logger, stoppingToken);
        }
        finally
        {
            await Task.WhenAll([.. _running.Values.Select(loops => loops.StopAsync()), _streamLoops?.StopAsync() ?? Task.CompletedTask]);
        }
    }

    private async Task FindGroupsAsync(CancellationToken cancellationToken)
    {
        var stream = await catalog.GetAsync(name, cancellationToken);
        _streamLoops ??= Start(streamConcerns(stream), cancellationToken);

        // How far a group is changes all the time; any other change starts its loops again.
        var registered = (await groups.LoadAsync(stream, cancellationToken)).Select(group => group with { DoneThrough = 0 }).ToHashSet();
        foreach (var (group, loops) in _running.Where(entry => !registered.Contains(entry.Key)).ToArray())
        {
            _running.Remove(group);
            await loops.StopAsync();
        }

        foreach (var group in registered.Where(group => !_running.ContainsKey(group)))
        {
            _running.Add(group, Start(groupConcerns(group), cancellationToken));
        }
    }

    private Loops Start(IEnumerable<Concern> concerns, CancellationToken cancellationToken)
    {
        var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return new Loops(
            stopping,
            Task.WhenAll(concerns.Select(concern => Task.Run(() => concern.RunAsync(groups.Postgres, time, logger, stopping.Token)))));
    }

    private sealed record Loops(CancellationTokenSource Stopping, Task Ended)
    {
        public async Task StopAsync()
        {
            await Stopping.CancelAsync();
            await Ended;
            Stopping.Dispose();
        }
    }
}
