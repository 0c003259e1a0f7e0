using System.Diagnostics.Metrics;
using FanOut.ServiceDefaults.WorkQueues;

namespace FanOut.NotificationWorker;

internal sealed class NotificationMetrics(IMeterFactory meters)
    : QueueMetrics(meters, "FanOut.NotificationWorker", "fanout.notification", "sends", "mail");
