using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace FanOut.EndToEnd.Tests.Orders;

/// <summary>Places orders at a steady rate while another task runs, and at least a number of them. Few orders wait for an answer at a time.</summary>
internal sealed class OrderLoad(OrderClient client)
{
    private const int PerTick = 10;
    private const int MaxOpen = 200;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(40);

    private readonly ConcurrentDictionary<string, Guid> _answered = new();

    public int Answered => _answered.Count;

    /// <returns>The id in the answer 201 to each key.</returns>
    public async Task<IReadOnlyDictionary<string, Guid>> RunAsync(int atLeast, Func<CancellationToken, Task> meanwhile)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var run = Guid.NewGuid().ToString("N")[..8];
        var other = meanwhile(failed.Token);
        var orders = new List<Task>();
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        while (orders.Count < atLeast || !other.IsCompleted)
        {
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            if (orders.Exists(order => order.IsFaulted))
            {
                await failed.CancelAsync();
                break;
            }

            var due = orders.Count < atLeast ? PerTick : 1;
            for (var i = 0; i < due && orders.Count - Answered < MaxOpen; i++)
            {
                orders.Add(PlaceAsync(string.Create(CultureInfo.InvariantCulture, $"{run}-{orders.Count}")));
            }
        }

        await Task.WhenAll([other, .. orders]);
        return _answered;
    }

    private async Task PlaceAsync(string key) => _answered[key] = await client.PlaceAsync(NewOrder.From(), key);
}
