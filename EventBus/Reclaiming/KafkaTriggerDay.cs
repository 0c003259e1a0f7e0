namespace FanOut.EventBus.Reclaiming;

/// <summary>The highest values of a whole day.</summary>
internal readonly record struct KafkaTriggerDay(DateTimeOffset Day, double? Rate, TimeSpan Retention, int Groups);
