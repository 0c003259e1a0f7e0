using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.Contracts.Operations;
using FanOut.StreamConsole.Clients;

namespace FanOut.StreamConsole.Live;

/// <summary>
/// Reads the state of the system every two seconds while somebody looks at it, once for all viewers, with the key of one of them. While nobody
/// looks, it asks nothing.
/// </summary>
internal sealed partial class LiveStatus(TimeProvider time, ILogger<LiveStatus> logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan HistoryInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];
    private readonly RateMeter _accepted = new();
    private readonly ConcurrentDictionary<string, (DateTimeOffset At, Task<StreamHistory> History)> _histories = [];
    private bool _isRunning;
    private SystemStatus? _latest;

    /// <summary>The newest status, unless it is too old to be shown as the present one.</summary>
    public SystemStatus? Latest => Volatile.Read(ref _latest) is { } status && time.GetUtcNow() - status.At < 5 * Interval ? status : null;

    /// <param name="clients">The services, with the key of somebody who may read their state.</param>
    /// <param name="changed">Called after each reading.</param>
    /// <returns>To be disposed of when the viewer leaves.</returns>
    public IDisposable Subscribe(ServiceClients clients, Action<SystemStatus> changed)
    {
        var subscription = new Subscription(this, clients, changed);
        lock (_lock)
        {
            _subscriptions.Add(subscription);
            if (!_isRunning)
            {
                _isRunning = true;
                _ = Task.Run(RunAsync);
            }
        }

        return subscription;
    }

    /// <summary>The newest status; reads it where nobody has looked lately.</summary>
    public async Task<SystemStatus> GetAsync(ServiceClients clients) =>
        Latest is { IsRefused: false } status ? status : await ReadAsync(clients);

    /// <summary>Reads the status.</summary>
    public async Task<SystemStatus> ReadAsync(ServiceClients clients)
    {
        var status = await StatusReader.ReadAsync(clients, time, _accepted);
        Volatile.Write(ref _latest, status);
        return status;
    }

    /// <summary>The history of a range, read again every few seconds, once for all viewers.</summary>
    public async Task<StreamHistory> GetHistoryAsync(ServiceClients clients, string range)
    {
        var now = time.GetUtcNow();
        var entry = _histories.AddOrUpdate(
            range,
            _ => (now, clients.Operations.GetHistoryAsync(range)),
            (_, known) => now - known.At < HistoryInterval && !known.History.IsFaulted ? known : (now, clients.Operations.GetHistoryAsync(range)));
        return await entry.History;
    }

    private async Task RunAsync()
    {
        // What is asked every two seconds would hide the traces of orders. Below a parent that is not recorded, samplers leave it out.
        Activity.Current = null;
        new Activity("background").SetIdFormat(ActivityIdFormat.W3C).Start();
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            Subscription[] viewers;
            lock (_lock)
            {
                viewers = [.. _subscriptions];
                _isRunning = viewers.Length > 0;
            }

            if (viewers.Length == 0)
            {
                return;
            }

            try
            {
                var status = await ReadAsync(viewers);
                Volatile.Write(ref _latest, status);
                Array.ForEach(viewers, viewer => viewer.Changed(status));
            }
            catch (Exception e)
            {
                // The pages of everybody would stand still.
                Log.NotRead(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync());
    }

    /// <summary>With the key of the viewer who came last; where it is refused, with that of the one before.</summary>
    private async Task<SystemStatus> ReadAsync(Subscription[] viewers)
    {
        SystemStatus? status = null;
        foreach (var viewer in viewers.Reverse())
        {
            status = await StatusReader.ReadAsync(viewer.Clients, time, _accepted);
            if (!status.IsRefused)
            {
                return status;
            }
        }

        return status!;
    }

    private void Remove(Subscription subscription)
    {
        lock (_lock)
        {
            _subscriptions.Remove(subscription);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The state of the system could not be read. It is read again in two seconds.")]
        public static partial void NotRead(ILogger logger, Exception exception);
    }

    private sealed class Subscription(LiveStatus live, ServiceClients clients, Action<SystemStatus> changed) : IDisposable
    {
        public ServiceClients Clients => clients;

        public Action<SystemStatus> Changed => changed;

        public void Dispose() => live.Remove(this);
    }
}
