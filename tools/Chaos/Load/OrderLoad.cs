using FanOut.Contracts;

namespace FanOut.Chaos.Load;

/// <summary>Places orders at a steady rate until it is stopped. At most 200 orders wait for an answer at a time.</summary>
internal sealed class OrderLoad : IAsyncDisposable
{
    private const int MaxOpen = 200;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private readonly OrderClient _client;
    private readonly string _run;
    private readonly int _perSecond;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _giveUp;
    private readonly List<Task> _orders = [];
    private readonly Task _sending;

    private OrderLoad(OrderClient client, string run, int perSecond, CancellationToken cancellationToken)
    {
        _client = client;
        _run = run;
        _perSecond = perSecond;
        _giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _sending = Task.Run(SendAsync, CancellationToken.None);
    }

    public static OrderLoad Start(OrderClient client, string run, int perSecond, CancellationToken cancellationToken) =>
        new(client, run, perSecond, cancellationToken);

    /// <summary>A unique order: its total and its customer identify it.</summary>
    public static PlaceOrder NewOrder(string key, int number, string? email = null) => new(
        new Customer(key, "Grace Hopper", email ?? "grace@example.com"),
        "EUR",
        [
            new PlaceOrderLine("tea-green", "Green tea, 100 g", 1 + (number % 3), 1 + (number % 9_973) / 100m),
            new PlaceOrderLine("mug-blue", "Mug, blue", 1, 12m, 0.05m),
        ]);

    /// <summary>Stops sending, and waits until every order is answered.</summary>
    /// <returns>False if some have no answer after the timeout. They are abandoned.</returns>
    public async Task<bool> StopAsync(TimeSpan timeout)
    {
        await _stopping.CancelAsync();
        await _sending;
        var answered = Task.WhenAll(_orders);
        _giveUp.CancelAfter(timeout);
        await answered.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return answered.IsCompletedSuccessfully;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
        _giveUp.Dispose();
    }

    private async Task SendAsync()
    {
        var begun = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        var number = 0;
        var due = 0.0;
        var last = begun;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                var now = TimeProvider.System.GetTimestamp();

                // Orders that were not sent while the API was away are dropped. They would come in one burst.
                due = Math.Min(due + TimeProvider.System.GetElapsedTime(last, now).TotalSeconds * _perSecond, _perSecond);
                last = now;
                for (; due >= 1; due--)
                {
                    if (_client.OpenCount >= MaxOpen)
                    {
                        continue;
                    }

                    var key = $"{_run}-{number:00000}";
                    _orders.Add(_client.PlaceAsync(key, NewOrder(key, number), _giveUp.Token));
                    number++;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
