using FanOut.Bench.Ingest;

namespace FanOut.Bench.Services;

/// <summary>Posts orders to a running system as fast as its slowest group works, until it is disposed of.</summary>
internal sealed class OrderPosting : IAsyncDisposable
{
    private const int Connections = 8;
    private const int BatchSize = 100;

    /// <summary>No orders are posted while the slowest group is behind by more than this.</summary>
    public const int MaxBehind = 10_000;

    private readonly CancellationTokenSource _ending;
    private readonly Task _running;
    private long _posted;
    private long _accepted;
    private long _slowest;

    /// <param name="api">Of the order API.</param>
    /// <param name="watch">The stream of the orders.</param>
    /// <param name="groups">How many groups work on it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public OrderPosting(HttpClient api, GroupWatch watch, int groups, CancellationToken cancellationToken)
    {
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var bodies = new OrderBodies(BatchSize);
        var posting = Enumerable.Range(0, Connections).Select(_ => Task.Run(() => PostAsync(api, bodies, cancellationToken), cancellationToken));
        _running = Task.WhenAll([WatchAsync(watch, groups, cancellationToken), .. posting]);
    }

    /// <summary>How many orders were accepted so far.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>How many of them the slowest group has not finished.</summary>
    public long Behind => Math.Max(0, Accepted - Interlocked.Read(ref _slowest));

    /// <exception cref="InvalidOperationException">An order was refused.</exception>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running;
        _ending.Dispose();
    }

    private async Task WatchAsync(GroupWatch watch, int groups, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            var done = await watch.DoneAsync();
            Interlocked.Exchange(ref _slowest, done.Count < groups ? 0 : done.Values.Min());
        }
        while (!_ending.IsCancellationRequested && await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task PostAsync(HttpClient api, OrderBodies bodies, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!_ending.IsCancellationRequested)
        {
            if (Interlocked.Read(ref _posted) - Interlocked.Read(ref _slowest) >= MaxBehind)
            {
                await timer.WaitForNextTickAsync(cancellationToken);
                continue;
            }

            Interlocked.Add(ref _posted, BatchSize);
            await HttpLoad.SendAsync(api, bodies.Next(false), cancellationToken);
            Interlocked.Add(ref _accepted, BatchSize);
        }
    }
}
