using System.Diagnostics;
using System.Globalization;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using FanOut.EndToEnd.Tests.Telemetry;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(SharedSystemGroup))]
public sealed class TraceTests(SharedSystem shared)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan QuietDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private readonly RunningSystem _system = shared.System;
    private readonly OrderClient _client = new(shared.System.Orders);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trace_follows_an_order_from_POST_to_each_group_and_webhook()
    {
        var endpoint = await _system.Webhooks.CreateEndpointAsync(new CreateEndpoint(shared.Webhooks.Url), Cancelled);
        var (trace, client) = (ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString());

        var order = await _client.PlaceAsync(NewOrder.From(), traceParent: $"00-{trace}-{client}-01");

        var webhook = (await Eventually.GetAsync(
            () => Task.FromResult(shared.Webhooks.Received.Where(webhook => webhook.OrderId == order).ToArray()),
            webhooks => webhooks.Length > 0,
            _ => "No webhook arrived."))[0];
        var spans = await Eventually.GetAsync(
            () => Task.FromResult(shared.Otlp.OfTrace(trace)),
            spans => Group.All.All(group => spans.Any(span => IsProcess(span, group)))
                && spans.Any(span => span.SpanId == SpanOf(webhook))
                && spans.Any(span => span.Name.StartsWith("deliver ", StringComparison.Ordinal)) // It ends after the call.
                && spans.Any(span => span.Name == "send email")
                && spans.Any(span => span.ParentSpanId == client)
                && spans.Count(span => span.Kind == "Producer") == 2,
            spans => $"The trace has {string.Join(", ", spans.Select(span => $"{span.Service}: {span.Name}"))}.");

        var post = Assert.Single(spans, span => span.ParentSpanId == client);
        Assert.Equal(("order-api", "Server", "POST"), (post.Service, post.Kind, post.Tag("http.request.method")));
        var create = Assert.Single(spans, span => span.Tag("messaging.operation.name") == "create");
        Assert.Equal(("order-api", "Producer"), (create.Service, create.Kind));
        Assert.Contains(post, AncestorsOf(create, spans));
        var send = Assert.Single(spans, span => span.Tag("messaging.operation.name") == "send");
        Assert.Equal(("order-api", "Producer", create.SpanId), (send.Service, send.Kind, send.ParentSpanId));
        foreach (var group in Group.All)
        {
            var process = Assert.Single(spans, span => IsProcess(span, group));
            Assert.Equal((group.Service, "Consumer", send.SpanId), (process.Service, process.Kind, process.ParentSpanId));
            Assert.Equal(create.Tag("messaging.message.id"), process.Tag("messaging.message.id"));
        }

        var delivered = Assert.Single(spans, span => span.SpanId == SpanOf(webhook));
        Assert.Equal(("webhook-worker", "Client", "POST"), (delivered.Service, delivered.Kind, delivered.Tag("http.request.method")));
        Assert.Contains(spans.Single(span => IsProcess(span, Group.Webhooks)), AncestorsOf(delivered, spans));
        var mailed = spans.Single(span => span.Name == "send email");
        Assert.Contains(spans.Single(span => IsProcess(span, Group.Notifications)), AncestorsOf(mailed, spans));
        await _system.Webhooks.DeleteEndpointAsync(endpoint.Id, Cancelled);
    }

    [Fact]
    public async Task The_orders_of_one_request_share_spans()
    {
        var (trace, client) = (ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString());
        const int Orders = 5;

        await _client.PlaceBatchAsync([.. Enumerable.Repeat(NewOrder.From(), Orders)], $"00-{trace}-{client}-01");

        var spans = await Eventually.GetAsync(
            () => Task.FromResult(shared.Otlp.OfTrace(trace)),
            spans => Group.All.All(group => spans.Where(span => IsProcess(span, group)).Sum(Messages) == Orders)
                && spans.Any(span => span.ParentSpanId == client)
                && spans.Where(span => span.Kind == "Producer").Sum(Messages) == Orders,
            spans => $"The trace has {string.Join(", ", spans.Select(span => $"{span.Service}: {span.Name}"))}.");
        var post = Assert.Single(spans, span => span.ParentSpanId == client);
        var sent = spans.Where(span => span.Tag("messaging.operation.name") == "send").ToArray();
        Assert.Equal(Orders, sent.Sum(Messages));
        Assert.All(sent, send => Assert.Equal(post.SpanId, send.ParentSpanId));
        foreach (var process in spans.Where(span => span.Tag("messaging.operation.name") == "process"))
        {
            Assert.Contains(process.ParentSpanId, sent.Select(send => send.SpanId));
        }
    }

    [Fact]
    public async Task An_idle_system_writes_no_spans()
    {
        // Without these spans the test would pass if nothing were ever exported.
        await _client.PlaceAsync(NewOrder.From());
        var begun = TimeProvider.System.GetTimestamp();
        var (count, since) = (-1, begun);
        while (TimeProvider.System.GetElapsedTime(since) < Quiet)
        {
            var spans = shared.Otlp.Spans;
            if (spans.Count != count)
            {
                (count, since) = (spans.Count, TimeProvider.System.GetTimestamp());
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < QuietDeadline,
                $"Spans kept coming. The last ones: {string.Join(", ", spans.TakeLast(10).Select(span => $"{span.Service}: {span.Name}"))}");
            await Task.Delay(Poll, TimeProvider.System, Cancelled);
        }

        Assert.True(count > 0);
    }

    private static bool IsProcess(WrittenSpan span, Group group) =>
        span.Tag("messaging.operation.name") == "process" && span.Tag("messaging.consumer.group.name") == group.Name;

    private static int Messages(WrittenSpan span) => int.Parse(span.Tag("messaging.batch.message_count") ?? "1", CultureInfo.InvariantCulture);

    private static string SpanOf(ReceivedWebhook webhook) => webhook.TraceParent.Split('-')[2];

    private static IEnumerable<WrittenSpan> AncestorsOf(WrittenSpan span, IReadOnlyList<WrittenSpan> spans)
    {
        while (spans.FirstOrDefault(other => other.SpanId == span.ParentSpanId) is { } parent)
        {
            yield return parent;
            span = parent;
        }
    }
}
