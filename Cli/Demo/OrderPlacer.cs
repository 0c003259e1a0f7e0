using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;

namespace FanOut.Cli.Demo;

/// <summary>Sends orders to the API. An order whose answer was lost is sent again with the same key: the API knows it.</summary>
internal sealed class OrderPlacer(HttpClient http, double? rate, TimeProvider time)
{
    private const int Parallelism = 32;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);

    public ConcurrentBag<PlacedOrder> Placed { get; } = [];

    public ConcurrentBag<string> Refusals { get; } = [];

    public async Task PlaceAsync(IEnumerable<Order> orders, Action onDone, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        await Parallel.ForEachAsync(
            orders.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (order, token) =>
            {
                if (rate is { } perSecond && TimeSpan.FromSeconds(order.Index / perSecond) - time.GetElapsedTime(begun) is { Ticks: > 0 } early)
                {
                    await Task.Delay(early, time, token);
                }

                await PlaceAsync(order.Item, token);
                onDone();
            });
    }

    private async Task PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        var sentAt = time.GetUtcNow();
        var pause = FirstPause;
        while (true)
        {
            string problem;
            TimeSpan? wait = null;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = JsonContent.Create(order, DemoJson.Default.Order) };
                request.Headers.Add("Idempotency-Key", order.Number);
                using var response = await http.SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    var answer = await response.Content.ReadFromJsonAsync(DemoJson.Default.OrderAnswer, cancellationToken);
                    Placed.Add(new PlacedOrder(answer!.Id.ToString(), sentAt));
                    return;
                }

                problem = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}";
                if (!IsTransient(response.StatusCode))
                {
                    Refusals.Add($"order {order.Number}: {problem}");
                    return;
                }

                wait = response.Headers.RetryAfter?.Delta;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                problem = exception.Message;
            }

            if (time.GetUtcNow() - sentAt > GiveUpAfter)
            {
                Refusals.Add($"order {order.Number}: gave up after {GiveUpAfter.TotalSeconds} s: {problem}");
                return;
            }

            await Task.Delay(wait ?? pause, time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}
