using System.Net;
using System.Net.Http.Json;
using FanOut.Contracts;
using Xunit;

namespace FanOut.EndToEnd.Tests.Orders;

/// <summary>A correct client: it sends an order without an answer again with the same key.</summary>
internal sealed class OrderClient(HttpClient http)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <returns>The id in the answer 201.</returns>
    public async Task<Guid> PlaceAsync(PlaceOrder order, string? key = null, string? traceParent = null)
    {
        key ??= Guid.NewGuid().ToString();
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string problem;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/orders");
                request.Content = JsonContent.Create(order, ContractsJson.Default.PlaceOrder);
                request.Headers.Add("Idempotency-Key", key);
                if (traceParent is not null)
                {
                    request.Headers.Add("traceparent", traceParent);
                }

                using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
                if (response.StatusCode == HttpStatusCode.Created)
                {
                    return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.Order, TestContext.Current.CancellationToken))!.Id;
                }

                problem = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";
                Assert.True((int)response.StatusCode >= 500, $"Order '{key}' was refused: {problem}");
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                problem = exception.Message;
            }
            catch (OperationCanceledException exception) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                problem = exception.Message;
            }

            var elapsed = TimeProvider.System.GetElapsedTime(begun);
            Assert.True(elapsed < Timeout, $"Order '{key}' was not accepted within {Timeout.TotalSeconds} s: {problem}");
            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Places several orders in one transaction.</summary>
    public async Task<IReadOnlyList<Guid>> PlaceBatchAsync(IReadOnlyList<PlaceOrder> orders, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders/batch");
        request.Content = JsonContent.Create(new PlaceOrders(orders), ContractsJson.Default.PlaceOrders);
        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var receipts = await response.Content.ReadFromJsonAsync(ContractsJson.Default.OrderReceipts, TestContext.Current.CancellationToken);
        return [.. receipts!.Orders.Select(order => order.Id)];
    }
}
