using System.Diagnostics.Metrics;
using FanOut.ServiceDefaults.WorkQueues;

namespace FanOut.WebhookWorker;

internal sealed class WebhookMetrics(IMeterFactory meters)
    : QueueMetrics(meters, "FanOut.WebhookWorker", "fanout.webhook", "deliveries", "delivery");
