using System.Collections.Concurrent;
using System.Net;
using FanOut.Contracts;
using Refit;

namespace FanOut.Cli.Demo;

/// <summary>Sends orders to the API. An order whose answer was lost is sent again with the same key.</summary>
internal sealed class OrderPlacer(IOrderApi api, double? rate, TimeProvider time)
{
    private const int Parallelism = 32;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);

    private int _answered;
    private long _answeredAt = time.GetUtcNow().Ticks;
    private volatile bool _hasGone;

    /// <summary>The ids of the orders that were answered 201, and when each was first sent.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Placed { get; } = [];

    /// <summary>How many orders were answered 201; two with one number are one order.</summary>
    public int Answered => _answered;

    public ConcurrentBag<string> Refusals { get; } = [];

    public async Task PlaceAsync(IEnumerable<PlaceOrder> orders, Action onDone, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        await Parallel.ForEachAsync(
            orders.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (order, token) =>
            {
                if (_hasGone)
                {
                    return;
                }

                if (rate is { } perSecond && TimeSpan.FromSeconds(order.Index / perSecond) - time.GetElapsedTime(begun) is { Ticks: > 0 } early)
                {
                    await Task.Delay(early, time, token);
                }

                await PlaceAsync(order.Item, token);
                onDone();
            });
    }

    private async Task PlaceAsync(PlaceOrder order, CancellationToken cancellationToken)
    {
        var sentAt = time.GetUtcNow();
        var pause = FirstPause;
        while (true)
        {
            string problem;
            TimeSpan? wait = null;
            try
            {
                var placed = await api.PlaceAsync(order, order.Number, cancellationToken);
                Placed.TryAdd(placed.Id.ToString(), sentAt);
                Interlocked.Increment(ref _answered);
                Interlocked.Exchange(ref _answeredAt, time.GetUtcNow().Ticks);
                return;
            }
            catch (ApiException exception)
            {
                problem = $"{(int)exception.StatusCode} {exception.Content}";
                if (!IsTransient(exception.StatusCode))
                {
                    Refusals.Add($"order {order.Number}: {problem}");
                    return;
                }

                wait = exception.Headers?.RetryAfter?.Delta;
            }
            catch (ApiRequestException exception) when (!cancellationToken.IsCancellationRequested)
            {
                problem = exception.InnerException?.Message ?? exception.Message;
            }

            if (time.GetUtcNow() - sentAt > GiveUpAfter)
            {
                // Where no other order was answered meanwhile, the rest is not sent: each would wait for as long.
                _hasGone = Interlocked.Read(ref _answeredAt) < sentAt.Ticks;
                Refusals.Add($"order {order.Number}: gave up after {GiveUpAfter.TotalSeconds} s: {problem}");
                return;
            }

            await Task.Delay(wait ?? pause, time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MaxPause.Ticks));
        }
    }

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError
            or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}
