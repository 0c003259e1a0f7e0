using System.Collections.Concurrent;
using FanOut.EndToEnd.Tests.Running;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>An OpenTelemetry collector (OTLP over HTTP, protobuf). It keeps the spans, and which service sent which metric.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Service, string Metric, string? Group), bool> _series = new();
    private readonly ConcurrentQueue<WrittenSpan> _spans = [];
    private LoopbackServer _server = null!;

    public string Url => _server.Url;

    public IReadOnlyCollection<(string Service, string Metric, string? Group)> Series => [.. _series.Keys];

    public IReadOnlyList<WrittenSpan> Spans => [.. _spans];

    public IReadOnlyList<WrittenSpan> OfTrace(string traceId) => [.. _spans.Where(span => span.TraceId == traceId)];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        receiver._server = await LoopbackServer.StartAsync((request, body) =>
        {
            switch (request.Path)
            {
                case "/v1/metrics":
                    receiver.ReadMetrics(body);
                    break;
                case "/v1/traces":
                    receiver.ReadTraces(body);
                    break;
            }
        });
        return receiver;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private void ReadTraces(byte[] body)
    {
        foreach (var resourceSpans in new ProtobufField(0, body, 0).Fields(1))
        {
            var service = resourceSpans.Fields(1).SelectMany(resource => Attribute(resource, 1, "service.name")).Single();
            foreach (var span in resourceSpans.Fields(2).SelectMany(scope => scope.Fields(2)))
            {
                _spans.Enqueue(WrittenSpan.Read(service, span));
            }
        }
    }

    // Field numbers: opentelemetry-proto, collector/metrics/v1/metrics_service.proto, metrics/v1/metrics.proto and common/v1/common.proto.
    private void ReadMetrics(byte[] body)
    {
        foreach (var resourceMetrics in new ProtobufField(0, body, 0).Fields(1))
        {
            var service = resourceMetrics.Fields(1).SelectMany(resource => Attribute(resource, 1, "service.name")).Single();
            foreach (var metric in resourceMetrics.Fields(2).SelectMany(scope => scope.Fields(2)))
            {
                var name = metric.Fields(1).Single().Text;
                var groups = GroupsOf(metric, 5, 7).Concat(GroupsOf(metric, 7, 7)).Concat(GroupsOf(metric, 9, 9));
                foreach (var group in groups.Cast<string?>().DefaultIfEmpty(null))
                {
                    _series.TryAdd((service, name, group), true);
                }
            }
        }
    }

    /// <param name="metric">The metric.</param>
    /// <param name="kind">The field of a gauge, sum or histogram.</param>
    /// <param name="attributes">The field of its points' attributes.</param>
    private static IEnumerable<string> GroupsOf(ProtobufField metric, int kind, int attributes) => metric.Fields(kind)
        .SelectMany(data => data.Fields(1))
        .SelectMany(point => Attribute(point, attributes, "messaging.consumer.group.name"));

    private static IEnumerable<string> Attribute(ProtobufField owner, int field, string key) =>
        owner.Fields(field).Where(pair => pair.Fields(1).Single().Text == key).Select(pair => pair.Fields(2).Single().Fields(1).Single().Text);
}
